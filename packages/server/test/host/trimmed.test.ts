import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecognizedSpan } from "../../dist/engine/engine.js";
import type { Host } from "../../dist/host/parent/types.js";
import { feed, rate, startLoaded, tone } from "./harness.ts";

const silence = (seconds: number): Float32Array => new Float32Array(seconds * rate);

function joined(...parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function trimmed(host: Host, samples: Float32Array): Promise<readonly RecognizedSpan[]> {
  const session = host.open({ words: true, vad: "trim" });
  const fed = feed(session, samples);
  const spans: RecognizedSpan[] = [];
  for await (const work of session.works()) spans.push(...(await work.run()).results);
  await fed;
  assert.equal(session.consumedSamples, samples.length);
  return spans;
}

const near = (actual: number | undefined, expected: number): void => {
  assert.ok(actual !== undefined && Math.abs(actual - expected) < 0.05, `${actual} is not near ${expected}`);
};

test("an engine of frames does not get the silence at the ends, and its times are those of the recording", async (t) => {
  const host = await startLoaded(t, { input: "frames", text: "{seconds}", spanSeconds: 100, words: true });
  const [span, ...rest] = await trimmed(host, joined(silence(20), tone(2), silence(3), tone(1), silence(40)));
  assert.deepEqual(rest, []);
  assert.equal(span?.text, "6.6"); // 300 ms are kept on both sides
  near(span?.startSeconds, 19.7);
  near(span?.endSeconds, 26.3);
  near(span?.words?.[0]?.startSeconds, 19.7);
  near(span?.words?.at(-1)?.endSeconds, 26.3);
});

test("times after a long pause in which nothing can be heard are those of the recording", async (t) => {
  const host = await startLoaded(t, { input: "frames", text: "{seconds}", spanSeconds: 2.316 });
  const sound = tone(2.016); // whole frames
  const spans = await trimmed(host, joined(sound, silence(60), sound, silence(9)));
  assert.deepEqual(
    spans.map(({ text }) => text),
    ["2.3", "2.3", "0.3"],
  );
  const times = [0, 2.316, 61.716, 64.032, 64.032, 64.332];
  for (const [at, seconds] of spans.flatMap((span) => [span.startSeconds, span.endSeconds]).entries()) {
    near(seconds, times[at] ?? -1);
  }
});

for (const input of ["frames", "segments"] as const) {
  test(`an hour of sounds and pauses of all lengths is taken to its end: ${input}`, async (t) => {
    const host = await startLoaded(t, { input, text: "x", maxSegmentSeconds: 2, spanSeconds: 1 });
    const parts = Array.from({ length: 60 }, (_, index) => [tone(1 + (index % 9)), silence((index * 7) % 110)]).flat();
    const samples = joined(...parts);
    const spans = await trimmed(host, samples);
    assert.ok(spans.length > 60);
    assert.ok(spans.every((span, at) => span.startSeconds >= (spans[at - 1]?.endSeconds ?? 0) - 0.05));
    assert.ok((spans.at(-1)?.endSeconds ?? 0) <= samples.length / rate);
  });

  test(`silence alone is no work, and is taken as fast as it comes: ${input}`, async (t) => {
    const host = await startLoaded(t, { input });
    assert.deepEqual(await trimmed(host, silence(600)), []);
  });
}

test("vad=off gives an engine of segments the silence too, in pieces that it can take", async (t) => {
  const host = await startLoaded(t, { text: "{seconds}", maxSegmentSeconds: 10 });
  const session = host.open({ words: false, vad: "off" });
  const fed = feed(session, joined(silence(4), tone(1), silence(20)));
  const spans: RecognizedSpan[] = [];
  for await (const work of session.works()) spans.push(...(await work.run()).results);
  await fed;
  assert.equal(spans[0]?.startSeconds, 0);
  assert.equal(spans.at(-1)?.endSeconds, 25);
  const seconds = spans.map(({ startSeconds, endSeconds }) => endSeconds - startSeconds);
  assert.ok(seconds.every((length) => length <= 10));
  assert.equal(Math.round(seconds.reduce((sum, length) => sum + length, 0)), 25);
});
