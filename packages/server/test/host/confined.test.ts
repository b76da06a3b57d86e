import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { killFirst } from "../../dist/host/parent/kill-first.js";
import { startLoaded } from "./harness.ts";

const skip = process.platform !== "linux" && "what a process was given is read from /proc, which is Linux's";

/** What the server may have in its environment, and what no model needs. */
const secrets: Readonly<Record<string, string>> = {
  VOXPOOL_KEY: "planted-1",
  HF_TOKEN: "planted-2",
  NPM_TOKEN: "planted-3",
  npm_config__authToken: "planted-4",
  AWS_SECRET_ACCESS_KEY: "planted-5",
  AWS_SESSION_TOKEN: "planted-6",
  GITHUB_TOKEN: "planted-7",
  PIP_INDEX_URL: "https://user:planted-8@example.org/simple",
  HTTPS_PROXY: "http://user:planted-9@proxy.example.org",
  OTEL_EXPORTER_OTLP_HEADERS: "authorization=planted-10",
  NODE_OPTIONS: "--title=planted-11",
  NODE_EXTRA_CA_CERTS: "/planted-12",
  DATABASE_URL: "postgres://planted-13",
};

const scoreOf = (pid: number | "self") => Number(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8"));

suite("the process of a model", { skip }, () => {
  test("is given nothing of the server's environment but where things are, and the language", async (t) => {
    Object.assign(process.env, secrets);
    t.after(() => {
      for (const name of Object.keys(secrets)) delete process.env[name];
    });
    const host = await startLoaded(t, {});
    const environment = readFileSync(`/proc/${host.pid}/environ`, "utf8");
    assert.match(environment, /(^|\0)PATH=/);
    assert.doesNotMatch(environment, /planted/);
    const names = environment.split("\0").map((line) => line.split("=", 1)[0]);
    assert.deepEqual(
      names.filter((name) => name !== undefined && name in secrets),
      [],
    );
  });

  test("is taken before the server when memory is short", async (t) => {
    const host = await startLoaded(t, {});
    assert.equal(scoreOf(host.pid ?? "self"), Math.min(1000, scoreOf("self") + 500));
    assert.match(killFirst(2 ** 30) ?? "", /no such file/, "and where that cannot be, nothing else changes");
  });
});
