import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startRunning, toneWav } from "./running.ts";

const heard = (text: string, languages: readonly string[]) => ({ fake: { text, languages } });

test("a model that cannot be loaded: another one of its language serves, and the answer says so", async (t) => {
  const models = {
    tone: "tone",
    broken: { files: { "fake.json": '{"load":"abort"}', "voxpool.json": '{"engine":"fake","languages":["zh"]}' } },
    other: { files: { "fake.json": '{"text":"你好"}', "voxpool.json": '{"engine":"fake","languages":["zh"]}' } },
    english: heard("hello", ["en"]),
  } as const;
  const config = { "failover.automatic": "all" };
  const { client, modelPath, fetch } = await startRunning(t, models, config);
  for (const time of ["fails to load", "is held back"]) {
    const result = await client.transcribe(toneWav("ace"), { model_path: modelPath("broken") });
    assert.ok(result.success, `${time}: ${JSON.stringify(result)}`);
    const { text, model_path, served_by, warnings } = result;
    assert.deepEqual([text, model_path, served_by], ["你好", modelPath("broken"), modelPath("other")], time);
    assert.equal(warnings[0]?.reason, "served_by_other");
  }
  const refused = await client.transcribe(toneWav("ace"), { model_path: modelPath("broken"), failover: false });
  assert.ok(!refused.success, JSON.stringify(refused));
  // Its pause may be over by now; then it has failed once more.
  assert.ok(["model_quarantined", "model_load_failed"].includes(refused.reason), refused.reason);
  const stats = (await (await fetch(`/api/models/stats/${modelPath("broken")}`)).json()) as {
    stats: { failovers: number };
  };
  assert.equal(stats.stats.failovers, 2);
});

test("by default a model that was named is the one that serves; a chain says otherwise", async (t) => {
  const broken = { files: { "fake.json": '{"load":"exit"}', "voxpool.json": '{"engine":"fake","languages":["en"]}' } };
  const models = { tone: "tone", broken, good: heard("hello", ["en"]) } as const;
  const plain = await startRunning(t, models);
  const failed = await plain.client.transcribe(toneWav("ace"), { model_path: plain.modelPath("broken") });
  assert.equal(!failed.success && failed.reason, "model_load_failed");
  const chained = await startRunning(t, models, { "failover.chains": ["broken > good"] });
  const served = await chained.client.transcribe(toneWav("ace"), { model_path: chained.modelPath("broken") });
  assert.ok(served.success, JSON.stringify(served));
  assert.deepEqual([served.text, served.served_by], ["hello", chained.modelPath("good")]);
});

test("who waits too long for a model is served by one that is ready", async (t) => {
  const languages = '{"engine":"fake","languages":["en"]}';
  const slow = { files: { "fake.json": '{"loadMs":60000}', "voxpool.json": languages } };
  const ready = { files: { "fake.json": '{"text":"hello"}', "voxpool.json": languages } };
  const config = { "failover.wait": "0.2", "failover.automatic": "all", "host.load_idle_seconds": 120 };
  const { client, modelPath } = await startRunning(t, { tone: "tone", slow, ready }, config);
  assert.ok((await client.loadModel(modelPath("ready"))).success);
  const result = await client.transcribe(toneWav("ace"), { model_path: modelPath("slow") });
  assert.ok(result.success, JSON.stringify(result));
  assert.deepEqual([result.text, result.served_by], ["hello", modelPath("ready")]);
});

test("other files in the folder: the model gets its chance at once", async (t) => {
  const { client, modelPath, modelDir } = await startRunning(t, { tone: "tone", bad: { fake: { load: "exit" } } });
  assert.equal((await client.loadModel(modelPath("bad"))).success, false);
  const status = await client.getModelStatus(modelPath("bad"));
  assert.ok(!status.success && "quarantine" in status && status.quarantine, JSON.stringify(status));
  writeFileSync(join(modelDir, "bad", "fake.json"), '{"text":"mended"}');
  assert.equal((await client.loadModel(modelPath("bad"))).success, true);
});
