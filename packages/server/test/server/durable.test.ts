import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ModelAPIClient } from "@voxpool/client";
import { scratchDirectory } from "../base/scratch.ts";
import { toneWav, writeModel } from "./running.ts";

interface Started {
  readonly url: string;
  readonly client: ModelAPIClient;
  readonly fetch: (path: string, body?: object) => Promise<Record<string, unknown>>;
  /** kill -9. */
  readonly kill: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A server in a process of its own. */
async function startProcess(t: TestContext, root: string): Promise<Started> {
  const entry = join(import.meta.dirname, "fixtures", "durable-server.ts");
  const child = fork(entry, [root], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  t.after(() => void child.kill("SIGKILL"));
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  return {
    url,
    client: new ModelAPIClient(url, { retry: false }),
    async fetch(path, body) {
      const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
      return (await (await fetch(`${url}/api${path}`, init)).json()) as Record<string, unknown>;
    },
    async kill() {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
    async stop() {
      const gone = once(child, "exit");
      child.send("stop");
      await gone;
    },
  };
}

test("a change that was confirmed outlives a kill -9 that comes with the answer", async (t) => {
  const root = scratchDirectory(t);
  mkdirSync(join(root, "model"));
  writeModel(join(root, "model", "tone"), "tone");
  const model_path = join(root, "model", "tone");
  const first = await startProcess(t, root);
  await first.fetch("/models/alias", { alias: "beeps", model_path });
  await first.kill();
  const second = await startProcess(t, root);
  assert.deepEqual((await second.fetch("/models/aliases"))["aliases"], { beeps: model_path });
  await second.stop();
});

test("aliases, pins, quarantine and lifetime counters outlive kill -9 of the server", async (t) => {
  const root = scratchDirectory(t);
  mkdirSync(join(root, "model"));
  writeModel(join(root, "model", "tone"), "tone");
  writeModel(join(root, "model", "bad"), { fake: { load: "abort" } });
  writeModel(join(root, "model", "pinned"), { fake: {} });
  const path = (id: string) => `${join(root, "model")}/${id}`;
  const first = await startProcess(t, root);
  const aliased = await first.fetch("/models/alias", { alias: "beeps", model_path: path("tone") });
  assert.equal(aliased["success"], true, JSON.stringify(aliased));
  const pinned = await first.fetch("/models/pin", { model_path: path("pinned") });
  assert.equal(pinned["pinned"], true, JSON.stringify(pinned));
  const failed = await first.fetch("/models/load", { model_path: path("bad") });
  assert.equal(failed["reason"], "model_load_failed");
  const heard = await first.client.transcribe(toneWav("ace"), { model_path: "beeps" });
  assert.ok(heard.success && heard.text === "ace", JSON.stringify(heard));
  await first.kill();

  const second = await startProcess(t, root);
  assert.deepEqual((await second.fetch("/models/aliases"))["aliases"], { beeps: path("tone") });
  const again = await second.client.transcribe(toneWav("bad"), { model_path: "beeps" });
  assert.ok(again.success && again.text === "bad", JSON.stringify(again));
  for (;;) {
    const { reason } = await second.fetch("/models/load", { model_path: path("bad") });
    if (reason === "model_load_failed") break;
    assert.equal(reason, "model_quarantined");
  }
  const { quarantine } = await second.fetch(`/models/status/${path("bad")}`);
  assert.equal((quarantine as { failures: number }).failures, 2, "it failed in both lives of the server");
  for (;;) {
    // A pinned model is loaded again at the start.
    const status = await second.fetch(`/models/status/${path("pinned")}`);
    if (status["success"] === true) break;
  }
  await second.stop();

  // What is counted is written every few seconds, and at the end: only kill -9 may cost the last of it.
  const third = await startProcess(t, root);
  const { total } = (await third.fetch("/models/stats")) as {
    total: { life: { requests: number; errors: number; audio_seconds: number } };
  };
  assert.equal(total.life.errors, 0, JSON.stringify(total));
  assert.ok(total.life.audio_seconds > 10, JSON.stringify(total));
  assert.ok(total.life.requests >= 3, "a recording, and the transcripts of two starts");
  await third.stop();
});
