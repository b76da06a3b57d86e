import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createCatalog } from "../../dist/catalog/catalog.js";
import { createPool } from "../../dist/pool/pool.js";
import { createRecognition } from "../../dist/recognition/recognition.js";
import { transcribe } from "../../dist/recognition/transcribe.js";
import { NodeScheduler } from "../../dist/schedule/scheduler.js";
import { scratchDirectory } from "../base/scratch.ts";
import { poolOptions, somebody } from "../pool/pool-parts.ts";
import { type ModelContent, writeModel } from "../server/running.ts";

/** Recognition over a real pool with one model, one decode at a time. */
async function recognitionOf(t: TestContext, content: ModelContent) {
  const directory = scratchDirectory(t);
  writeModel(join(directory, "model", "one"), content);
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: directory, fakeEngine: true });
  const pool = createPool(poolOptions(catalog));
  t.after(() => pool.close());
  const scheduler = new NodeScheduler({ cores: 1 });
  const folder = await catalog.resolve("one");
  await pool.load(folder);
  const recognition = createRecognition({ pool, scheduler });
  const open = (options: { words?: "no" | "wanted" | "demanded"; language?: string; signal?: AbortSignal } = {}) =>
    recognition.open({ folder, client: "a", priority: "interactive", words: "no", ...options });
  return { pool, scheduler, open, folder };
}

async function* samples(...chunks: readonly Float32Array[]): AsyncGenerator<Float32Array> {
  yield* chunks;
}

test("events are numbered without gaps, segments in order", async (t) => {
  const { open } = await recognitionOf(t, "tone");
  const audio = [toneSignal("abc"), silentSignal(2), toneSignal("bead"), silentSignal(2), toneSignal("cafe")];
  const events = await Array.fromAsync(transcribe(await open(), samples(...audio)));
  assert.deepEqual(
    events.map(({ number }) => number),
    events.map((_, index) => index + 1),
  );
  const texts = events.flatMap((event) => (event.type === "final" ? [event.segment.text] : []));
  assert.deepEqual(texts, ["abc", "bead", "cafe"]);
});

async function* broken(): AsyncGenerator<Float32Array> {
  yield toneSignal("abc");
  yield silentSignal(3);
  throw new VoxpoolError("audio_too_long", { limit_seconds: 5, setting: "limits.audio_seconds" });
}

test("what goes wrong in reading the recording is what the reader is told, also while a decode runs", async (t) => {
  const { open } = await recognitionOf(t, { fake: { decodeMs: 300 } });
  await assert.rejects(Array.fromAsync(transcribe(await open(), broken())), { reason: "audio_too_long" });
});

test("a cancelled decode keeps its permit until the process has finished it", async (t) => {
  const { open, scheduler } = await recognitionOf(t, { fake: { decodeMs: 300 } });
  const session = await open();
  const events = Array.fromAsync(transcribe(session, samples(toneSignal("abc"))));
  while (scheduler.snapshot().running === 0) await new Promise(setImmediate);
  session.cancel();
  await assert.rejects(events, { reason: "request_cancelled" });
  assert.equal(scheduler.snapshot().running, 1);
  while (scheduler.snapshot().running > 0) await new Promise(setImmediate);
});

test("word times that were demanded and an unknown language are refused, and the model is given back", async (t) => {
  const { open, pool, folder } = await recognitionOf(t, { fake: { words: false, languages: ["en"] } });
  await assert.rejects(open({ words: "demanded" }), { reason: "capability_missing" });
  await assert.rejects(open({ language: "zh" }), { reason: "language_unsupported" });
  (await open({ words: "wanted", language: "en" })).cancel();
  await pool.unload(folder, somebody);
});

test("a caller that left while the model was unloaded does not bring it back", async (t) => {
  const { open, pool, folder } = await recognitionOf(t, { fake: { decodeMs: 300 } });
  const running = Array.fromAsync(transcribe(await open(), samples(toneSignal("abc"))));
  const unloaded = pool.unload(folder, somebody);
  const leaving = new AbortController();
  const late = open({ signal: leaving.signal });
  leaving.abort(new VoxpoolError("request_cancelled"));
  await assert.rejects(late, { reason: "request_cancelled" });
  await unloaded;
  assert.ok((await running).length > 0);
  assert.equal(pool.find(folder), undefined);
});
