import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { wavHeader } from "../../../../test/fixtures/wav.ts";
import { isAlive, startRunning, threeSegments, toneWav, writeModel } from "./running.ts";

const crashes = [
  ["abort", /SIGABRT/],
  ["exit", /code 3/],
  ["segfault", /SIGSEGV/],
] as const;

for (const [behaviour, explanation] of crashes) {
  test(`a process that ends by ${behaviour} in each decode: the caller is told why, others go on, the same audio is refused at once`, async (t) => {
    const bad = { fake: { text: "fine", decode: behaviour } };
    const { client, modelPath } = await startRunning(t, { tone: "tone", bad });
    const crash = client.transcribe(toneWav("abc"), { model_path: modelPath("bad") });
    const other = client.transcribe(toneWav("bead"), { model_path: modelPath("tone") });
    const failed = await crash;
    assert.ok(!failed.success);
    assert.equal(failed.reason, "request_poisonous");
    assert.equal(failed.error_code, 422);
    assert.ok(!failed.retryable);
    assert.match(failed.error_message, explanation);
    const served = await other;
    assert.ok(served.success && served.text === "bead");
    const loaded = await client.loadModel(modelPath("bad"));
    const again = await client.transcribe(toneWav("abc"), { model_path: modelPath("bad") });
    assert.ok(!again.success && again.reason === "request_poisonous");
    const status = await client.getModelStatus(modelPath("bad"));
    assert.ok(loaded.success && status.success);
    assert.equal(status.status.restarts, 2, "no process ended the third time");
  });
}

test("a process that is killed in the middle of a recording: its caller gets every word", async (t) => {
  const { client, modelPath } = await startRunning(t, { tone: "tone", slow: { fake: { decodeMs: 200 } } });
  for (const name of ["tone", "slow"]) {
    assert.ok((await client.loadModel(modelPath(name))).success);
    const status = await client.getModelStatus(modelPath(name));
    assert.ok(status.success);
    let kills = 0;
    const result = await client.transcribe(threeSegments(), {
      model_path: modelPath(name),
      onEvent: ({ type }) => {
        if (type === "segment" && kills++ === 0) process.kill(status.status.pid, "SIGKILL");
      },
    });
    assert.ok(result.success);
    assert.equal(result.text, name === "tone" ? "abc abc abc" : "hello world hello world hello world");
    assert.deepEqual(
      result.segments.map(({ id }) => id),
      [0, 1, 2],
    );
  }
});

test("a process that is stopped is replaced, and its decode is done by another one", async (t) => {
  const slow = { fake: { text: "slow", decodeMs: 500 } };
  const { client, modelPath } = await startRunning(t, { tone: "tone", slow }, { "host.hang_seconds": 1 });
  assert.ok((await client.loadModel(modelPath("slow"))).success);
  const status = await client.getModelStatus(modelPath("slow"));
  assert.ok(status.success);
  process.kill(status.status.pid, "SIGSTOP");
  const result = await client.transcribe(toneWav("abc"), { model_path: modelPath("slow") });
  assert.ok(result.success && result.text === "slow");
  assert.ok(!isAlive(status.status.pid));
});

test("audio in which every process hangs is refused, in both languages", async (t) => {
  const stuck = { fake: { decode: "hang" } };
  const { client, fetch, modelPath } = await startRunning(t, { tone: "tone", stuck }, { "host.hang_seconds": 1 });
  const failed = await client.transcribe(toneWav("abc"), { model_path: modelPath("stuck") });
  assert.ok(!failed.success && failed.reason === "request_poisonous");
  assert.match(failed.error_message, /did not answer for 1 seconds/);
  const form = new FormData();
  form.set("file", new Blob([toneWav("abc")]));
  form.set("model_path", modelPath("stuck"));
  const headers = { "accept-language": "zh" };
  const response = await fetch("/api/transcribe", { method: "POST", body: form, headers });
  assert.equal(response.status, 422);
  assert.match(await response.text(), /先前的请求已证实/);
});

const badLoads = [
  ["abort", "model_load_failed", /SIGABRT/],
  ["exit", "model_load_failed", /exit/],
  ["throw", "model_load_failed", /./],
  ["hang", "model_load_timeout", /progress/],
] as const;

for (const [behaviour, reason, explanation] of badLoads) {
  test(`a load that ends in ${behaviour}: a clear failure, kept in the status, and nothing is left`, async (t) => {
    const bad = { fake: { load: behaviour } };
    const { client, modelPath } = await startRunning(t, { tone: "tone", bad }, { "host.load_idle_seconds": 2 });
    const failed = await client.loadModel(modelPath("bad"));
    assert.ok(!failed.success);
    assert.equal(failed.reason, reason);
    assert.match(failed.error_message, explanation);
    const status = await client.getModelStatus(modelPath("bad"));
    assert.ok(!status.success && "last_error" in status);
    assert.deepEqual([status.state, status.last_error?.reason], ["failed", reason]);
    const listed = await client.listModels();
    assert.deepEqual(listed.success && Object.keys(listed.models), [modelPath("tone")]);
  });
}

const folders = {
  empty: { files: {} },
  text: { files: { "model.onnx": "this is no model", "tokens.txt": "a 0\n" } },
  zeros: { files: { "model.onnx": "\0".repeat(5000), "tokens.txt": "<blk> 0\n" } },
  page: { files: { "model.onnx": "<!DOCTYPE html><html></html>", "tokens.txt": "<blk> 0\n" } },
  foreign: { files: { "README.md": "nothing here", "weights.bin": "123" } },
  manifest: { files: { "voxpool.json": "{ not json" } },
};

test("garbage, empty and foreign model folders are refused with a message, and others are undisturbed", async (t) => {
  const { client, modelPath } = await startRunning(t, { tone: "tone", ...folders });
  for (const name of Object.keys(folders)) {
    const failed = await client.loadModel(modelPath(name));
    assert.ok(!failed.success, name);
    assert.equal(failed.error_code, 400, name);
    assert.ok(failed.error_message.length > 20, name);
    assert.equal(failed["model_path"], modelPath(name), name);
  }
  const fine = await client.transcribe(toneWav("ace"));
  assert.ok(fine.success && fine.text === "ace");
});

test("a model that writes without end is not taken, and the server goes on", async (t) => {
  const { client, modelPath } = await startRunning(t, {
    tone: "tone",
    endless: { fake: { text: "word ".repeat(2e5) } },
  });
  const result = await client.transcribe(toneWav("ace"), { model_path: modelPath("endless") });
  assert.equal(!result.success && result.reason, "model_load_failed", "its warm-up found out");
  assert.equal((await client.transcribe(toneWav("ace"))).success, true);
});

test("a client that goes away cancels its work", async (t) => {
  const stuck = { fake: { decode: "hang", decodeAt: 2 } };
  const config = { "schedule.cores": 1, "host.hang_seconds": 3600 };
  const { client, modelPath } = await startRunning(t, { tone: "tone", stuck }, config);
  const leaving = new AbortController();
  const options = { model_path: modelPath("stuck"), signal: leaving.signal, onEvent: () => leaving.abort() };
  const result = await client.transcribe(threeSegments(), options);
  assert.ok(!result.success);
  assert.equal(result.reason, "request_cancelled");
  assert.ok((await client.unloadModel(modelPath("stuck"))).success, "no session holds the model");
});

test("a pipe in place of a manifest blocks nobody", { skip: process.platform === "win32" }, async (t) => {
  const { client, fetch, modelDir, modelPath } = await startRunning(t, { tone: "tone" });
  for (const name of ["one", "two", "three", "four", "five"]) {
    writeModel(join(modelDir, name), { files: { "model.onnx": "" } });
    execFileSync("mkfifo", [join(modelDir, name, "voxpool.json")]);
    assert.equal((await fetch(`/api/models/status/${modelPath(name)}`)).status, 404);
    assert.equal((await client.loadModel(modelPath(name))).success, false);
  }
  const fine = await client.transcribe(toneWav("ace"));
  assert.ok(fine.success && fine.text === "ace");
});

test("a loaded model whose folder was removed still serves, and can be unloaded, by any of its names", async (t) => {
  const { client, modelDir, modelPath, fetch } = await startRunning(t, { tone: "tone", gone: "tone" });
  const body = JSON.stringify({ alias: "alias", model_path: "gone" });
  assert.equal((await fetch("/api/models/alias", { method: "POST", body })).status, 200);
  assert.ok((await client.loadModel(modelPath("gone"))).success);
  rmSync(join(modelDir, "gone"), { recursive: true });
  const served = await client.transcribe(toneWav("ace"), { model_path: modelPath("gone") });
  assert.ok(served.success && served.text === "ace");
  for (const name of ["gone", "gone/", "gone@1", `${modelPath("gone")}@1`, "alias"]) {
    const { reason } = (await (await fetch(`/api/models/status/${name}`)).json()) as { reason?: string };
    assert.equal(reason, undefined, name);
  }
  assert.ok((await client.unloadModel("gone")).success);
  const after = await client.transcribe(toneWav("ace"), { model_path: modelPath("gone") });
  assert.ok(!after.success && after.reason === "model_not_found");
});

test("uploads that drip do not take the places of those that can be recognised", async (t) => {
  const { client, server } = await startRunning(t, { tone: "tone" }, { "limits.sessions": 2 });
  const head = Buffer.from(wavHeader(1_000_000, 16_000));
  const drips = Array.from({ length: 4 }, () => {
    const upload = request(`${server.url}/api/transcribe`, {
      method: "POST",
      headers: { "content-type": "audio/wav" },
    });
    upload.on("error", () => undefined);
    upload.write(head);
    return upload;
  });
  await Promise.all(drips.map((upload) => once(upload, "socket")));
  const served = await client.transcribe(toneWav("ace"));
  assert.ok(served.success && served.text === "ace");
  for (const upload of drips) upload.destroy();
});
