import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { VoxpoolError } from "../../dist/base/errors.js";
import { summaryOf, transcribeChannels } from "../../dist/recognition/channels.js";
import type { SessionEvent } from "../../dist/recognition/types.js";
import { somebody } from "../pool/pool-parts.ts";
import type { ModelContent } from "../server/running.ts";
import { openModel } from "./opened.ts";

/** Opens sessions of real recognition over a real pool with one model. */
async function sessionsOf(t: TestContext, content: ModelContent, count: number) {
  const { pool, folder, open } = await openModel(t, content);
  const sessions = [];
  for (let at = 0; at < count; at++) sessions.push(await open({ isPart: at > 0 }));
  return { sessions, pool, folder };
}

/** Channels in chunks of a second, the shorter ones filled with silence; notes how far they were read. */
async function* chunksOf(channels: readonly Float32Array[], read: (seconds: number) => void = () => undefined) {
  const length = Math.max(...channels.map((samples) => samples.length));
  for (let at = 0; at < length; at += 16_000) {
    read(at / 16_000);
    yield channels.map((samples) => {
      const piece = new Float32Array(16_000);
      piece.set(samples.subarray(at, at + 16_000));
      return piece;
    });
  }
}

const finals = (events: readonly SessionEvent[]) =>
  events.flatMap((event) => (event.type === "final" ? [event.segment] : []));

/** Each word at its second. */
function spoken(words: Readonly<Record<number, string>>): Float32Array {
  const parts: Float32Array[] = [];
  let now = 0;
  for (const [second, word] of Object.entries(words)) {
    const signal = toneSignal(word, { silenceSeconds: 0 });
    parts.push(silentSignal(Number(second) - now), signal);
    now = Number(second) + signal.length / 16_000;
  }
  return joinedSignals(...parts);
}

test("two channels are one timeline: each segment has its channel, starts are in order, ids and numbers without gaps", async (t) => {
  const { sessions, pool, folder } = await sessionsOf(t, "tone", 2);
  const left = spoken({ 1: "abc", 9: "bead", 40: "ace" });
  const right = spoken({ 4: "cafe", 5: "fade", 12: "deaf", 39: "dad" });
  const events = await Array.fromAsync(transcribeChannels(sessions, chunksOf([left, right])));
  assert.deepEqual(
    events.map(({ number }) => number),
    events.map((_, at) => at + 1),
  );
  assert.deepEqual(
    finals(events).map(({ id, channel, text }) => [id, channel, text]),
    [
      [0, 0, "abc"],
      [1, 1, "cafefade"],
      [2, 0, "bead"],
      [3, 1, "deaf"],
      [4, 1, "dad"],
      [5, 0, "ace"],
    ],
  );
  const { durationSeconds } = summaryOf(sessions);
  assert.ok(durationSeconds >= 40 && durationSeconds < 42, "the length of the recording, not of its channels together");
  assert.equal(pool.find(folder)?.usageCount, 1);
});

for (const input of ["segments", "frames"] as const) {
  test(`a channel that is silent for long holds nothing back and nothing in memory: ${input}`, async (t) => {
    const fake = { input, text: "x", spanSeconds: 0.5, maxSegmentSeconds: 5 };
    const { sessions } = await sessionsOf(t, { fake }, 2);
    const minutes = 20;
    const busy = new Float32Array(minutes * 60 * 16_000);
    for (let second = 0; second < minutes * 60; second += 3) busy.fill(0.3, second * 16_000, (second + 1) * 16_000);
    let readSeconds = 0;
    let furthestAhead = 0;
    const chunks = chunksOf([busy, new Float32Array(0)], (seconds) => {
      readSeconds = seconds;
    });
    let lastStart = 0;
    let segments = 0;
    for await (const event of transcribeChannels(sessions, chunks)) {
      if (event.type !== "final") continue;
      assert.ok(event.segment.start >= lastStart);
      lastStart = event.segment.start;
      furthestAhead = Math.max(furthestAhead, readSeconds - lastStart);
      segments++;
    }
    assert.ok(segments >= minutes * 20);
    // A session has 120 s in its window and 64 results in its queue.
    assert.ok(furthestAhead < 400, `the input was ${furthestAhead} s ahead of what came out`);
  });
}

test("a failure of one channel ends all of them, and the model is given back", async (t) => {
  const { sessions, pool, folder } = await sessionsOf(t, { fake: { decode: "throw", decodeAt: 3 } }, 2);
  const left = spoken({ 1: "abc", 4: "abc", 7: "abc", 10: "abc" });
  const events = transcribeChannels(sessions, chunksOf([left, silentSignal(60)]));
  await assert.rejects(Array.fromAsync(events), { reason: "decode_failed" });
  for (const session of sessions) await assert.rejects(session.write(silentSignal(1)));
  await pool.unload(folder, somebody);
});

async function* broken() {
  yield* chunksOf([silentSignal(2), silentSignal(2), silentSignal(2)]);
  throw new VoxpoolError("audio_too_long", { limit_seconds: 5, setting: "limits.audio_seconds" });
}

test("what goes wrong in reading the recording is what the reader is told", async (t) => {
  const { sessions } = await sessionsOf(t, "tone", 3);
  await assert.rejects(Array.fromAsync(transcribeChannels(sessions, broken())), { reason: "audio_too_long" });
});

test("a reader that stops ends all sessions and the reading", async (t) => {
  const { sessions, pool, folder } = await sessionsOf(t, "tone", 2);
  const closed = Promise.withResolvers<void>();
  const endless = async function* () {
    try {
      for (;;) yield* chunksOf([spoken({ 1: "abc" }), spoken({ 2: "abc" }), silentSignal(5)]);
    } finally {
      closed.resolve();
    }
  };
  for await (const event of transcribeChannels(sessions, endless())) if (event.type === "final") break;
  await closed.promise;
  await pool.unload(folder, somebody);
});
