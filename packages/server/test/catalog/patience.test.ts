import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { silentLog } from "../../dist/base/log.js";
import { type Download, downloadPart } from "../../dist/catalog/download.js";
import { endpointsFrom } from "../../dist/catalog/endpoints.js";
import { createHttp } from "../../dist/catalog/http.js";
import { Setback } from "../../dist/catalog/setback.js";
import { createTrust } from "../../dist/catalog/trust.js";
import { type Behaviour, startRegistry } from "./registry.ts";
import { makeTree } from "./tree.ts";

/** An answer whose body comes byte by byte, and never to its end. */
function dripping(status: number, headers: Record<string, string>): Behaviour {
  return (_request, response) => {
    response.writeHead(status, headers);
    const timer = setInterval(() => response.write("."), 20);
    response.once("close", () => clearInterval(timer));
    return true;
  };
}

test("a redirect or a refusal whose body drips without end is left, and the rest goes on", async (t) => {
  const registry = await startRegistry(t);
  registry.files.set("/there", Buffer.from("words"));
  registry.behaviours.push(dripping(302, { location: "/there" }), () => false, dripping(404, {}));
  const http = createHttp({ name: "it", stallMs: 30_000, retries: 0 });
  t.after(() => http.close());
  assert.equal(await http.text(`${registry.url}here`, "text/plain"), "words");
  await assert.rejects(http.text(`${registry.url}none`, "text/plain"), { reason: "download_failed" });
});

test("a server that sends interim answers without end is given up", async (t) => {
  const registry = await startRegistry(t);
  registry.behaviours.push((_request, response) => {
    const timer = setInterval(() => response.writeProcessing(), 20);
    response.once("close", () => clearInterval(timer));
    return true;
  });
  const http = createHttp({ name: "it", stallMs: 500, retries: 0 });
  t.after(() => http.close());
  await assert.rejects(http.text(`${registry.url}here`, "text/plain"), { reason: "download_failed" });
});

test("an abort in the pause between two attempts ends it with the signal's reason", async (t) => {
  const controller = new AbortController();
  const http = createHttp({ name: "it", backoffMs: 30_000, signal: controller.signal });
  t.after(() => http.close());
  const reason = new Error("enough");
  const attempt = async (): Promise<never> => {
    setImmediate(() => controller.abort(reason));
    throw new Setback("the server fell silent");
  };
  await assert.rejects(http.retrying("http://localhost/", attempt), (error) => error === reason);
});

const fileAt = (path: string) => ({ at: { hub: "huggingface", repo: "own/voice", path } as const, to: path });

test("files of a source get their own bytes, also when what a first place gave could not be believed", async (t) => {
  const cwd = await makeTree(t, { "out/": "" });
  const [first, second] = [await startRegistry(t), await startRegistry(t)];
  for (const [n, registry] of [first, second].entries()) {
    registry.files.set("/own/voice/resolve/main/a.txt", Buffer.from(`a of ${n}`));
    registry.files.set("/own/voice/resolve/main/b.txt", Buffer.from(`b of ${n}`));
  }
  const http = createHttp({ name: "it", retries: 0 });
  t.after(() => http.close());
  const endpoints = endpointsFrom({});
  const trust = createTrust(join(cwd, "state"));
  let times = 0;
  const download: Download = {
    name: "it",
    http,
    endpoints: { ...endpoints, hubs: { ...endpoints.hubs, huggingface: [first.url, second.url] } },
    partDirectory: join(cwd, "parts"),
    onProgress() {},
    signal: undefined,
    log: silentLog,
    trust: {
      check: (file) => trust.check(file),
      // As when another process wrote another hash down in between.
      remember: async (file) => {
        if (times++ === 0) {
          const { name, shown: url, sha256: actual } = file;
          throw new VoxpoolError("download_changed", { name, url, actual, expected: "", path: "" });
        }
        await trust.remember(file);
      },
    },
  };
  await downloadPart([{ kind: "files", files: [fileAt("a.txt"), fileAt("b.txt")] }], join(cwd, "out"), download);
  const words = ["a.txt", "b.txt"].map((name) => readFile(join(cwd, "out", name), "utf8"));
  assert.deepEqual(await Promise.all(words), ["a of 1", "b of 0"]);
});
