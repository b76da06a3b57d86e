import assert from "node:assert/strict";
import { test } from "node:test";
import { isAlive, startRunning, threeSegments, toneWav } from "./running.ts";

const words = ["abc", "hello there", "cab", "face", "a bad egg", "deaf cafe"];

test("fifty clients load one model at once: one instance, one process, one load", async (t) => {
  const { client, modelPath } = await startRunning(t, { tone: "tone", other: "tone" });
  const answers = await Promise.all(Array.from({ length: 50 }, () => client.loadModel(modelPath("other"))));
  assert.ok(answers.every((answer) => answer.success && answer.model_path === modelPath("other")));
  const listed = await client.listModels();
  assert.ok(listed.success);
  assert.equal(listed.count, 2);
  assert.deepEqual(Object.keys(listed.models).toSorted(), [modelPath("other"), modelPath("tone")]);
});

test("two hundred recordings at once: every one gets its own words, and usage_count counts them", async (t) => {
  const limits = { "limits.sessions_per_client": 256 };
  const { client, modelPath } = await startRunning(t, { tone: "tone" }, limits);
  const before = await client.getModelStatus(modelPath("tone"));
  const texts = Array.from({ length: 200 }, (_, index) => words[index % words.length] ?? "");
  const results = await Promise.all(
    texts.map((text) => client.transcribe(toneWav(text), { contentType: "audio/wav" })),
  );
  assert.deepEqual(
    results.map((result) => (result.success ? result.text : result.error_message)),
    texts,
  );
  const after = await client.getModelStatus(modelPath("tone"));
  assert.ok(before.success && after.success);
  assert.equal(after.status.usage_count - before.status.usage_count, 200);
  assert.equal(after.status.pid, before.status.pid);
});

test("a model that is not loaded is loaded by the first request that needs it", async (t) => {
  const { client, modelPath } = await startRunning(t, { tone: "tone", "deep/er": "tone", "deep/est": "tone" });
  const result = await client.transcribe(toneWav("bead"), { model_path: modelPath("deep/er") });
  assert.ok(result.success);
  assert.equal(result.text, "bead");
  assert.equal(result.model_path, modelPath("deep/er"));
  const listed = await client.listModels();
  assert.ok(listed.success && modelPath("deep/er") in listed.models);
});

test("unload waits for what runs, then the process is gone", async (t) => {
  const slow = { fake: { text: "part {index}", decodeMs: 300 } };
  const { client, modelPath } = await startRunning(t, { tone: "tone", slow }, { "schedule.cores": 1 });
  assert.ok((await client.loadModel(modelPath("slow"))).success);
  const status = await client.getModelStatus(modelPath("slow"));
  assert.ok(status.success);
  const begun = Promise.withResolvers<void>();
  const options = { model_path: modelPath("slow"), onEvent: () => begun.resolve() };
  const running = client.transcribe(threeSegments(), options);
  await begun.promise;
  assert.ok((await client.unloadModel(modelPath("slow"))).success);
  assert.ok(!isAlive(status.status.pid));
  const result = await running;
  assert.ok(result.success, "nothing was lost");
  assert.equal(result.segments.length, 3);
});

test("unload during a load cancels it, and the next load is a new one", async (t) => {
  const { client, modelPath } = await startRunning(t, { tone: "tone", slow: { fake: { loadMs: 60_000 } } });
  const loading = client.loadModel(modelPath("slow"));
  for (;;) {
    const status = await client.getModelStatus(modelPath("slow"));
    if (!status.success && "state" in status && status.state === "loading") break;
  }
  assert.ok((await client.unloadModel(modelPath("slow"))).success);
  const cancelled = await loading;
  assert.ok(!cancelled.success);
  assert.equal(cancelled.reason, "model_load_cancelled");
  const listed = await client.listModels();
  assert.ok(listed.success && !(modelPath("slow") in listed.models));
});

test("unloading twice: the second is told that the model is not loaded", async (t) => {
  const { client, modelPath } = await startRunning(t, { tone: "tone" });
  assert.ok((await client.unloadModel(modelPath("tone"))).success);
  const again = await client.unloadModel(modelPath("tone"));
  assert.ok(!again.success);
  assert.equal(again.error_code, 400);
  assert.equal(again.reason, "model_not_loaded");
});

test("stopping the server leaves no process behind, also with a recognition under way", async (t) => {
  const stuck = { fake: { decode: "hang", decodeAt: 2 } };
  const { client, server, modelPath } = await startRunning(t, { tone: "tone", stuck }, { "schedule.cores": 1 });
  assert.ok((await client.loadModel(modelPath("stuck"))).success);
  const status = await client.getModelStatus(modelPath("stuck"));
  assert.ok(status.success);
  const begun = Promise.withResolvers<void>();
  const options = { model_path: modelPath("stuck"), onEvent: () => begun.resolve() };
  const running = client.transcribe(threeSegments(), options);
  await begun.promise;
  await server.stop();
  const result = await running;
  assert.ok(!result.success);
  assert.ok(!isAlive(status.status.pid));
});
