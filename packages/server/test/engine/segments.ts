import assert from "node:assert/strict";
import type { Segmenter, SpeechSegment } from "../../dist/engine/segmenter.js";

/** Pushes a signal in chunks of the given sizes, the last one over and over, and flushes. */
export function segmentsOf(segmenter: Segmenter, signal: Float32Array, chunkSizes: readonly number[] = [16_000]) {
  const segments: SpeechSegment[] = [];
  let turn = 0;
  for (let at = 0; at < signal.length; ) {
    const size = chunkSizes[Math.min(turn, chunkSizes.length - 1)] ?? 1;
    const heldBefore = segmenter.heldFrom;
    const made = segmenter.push(signal.subarray(at, at + size));
    at = Math.min(signal.length, at + size);
    turn += 1;
    for (const segment of made) assert.ok(segment.samplesFrom >= heldBefore, "made of samples that were given up");
    assert.ok(segmenter.heldFrom >= heldBefore, "samples that were given up are held again");
    assert.ok(segmenter.heldFrom <= at, "samples are given up that have not come");
    segments.push(...made);
  }
  segments.push(...segmenter.flush());
  assert.equal(segmenter.heldFrom, signal.length);
  assert.deepEqual(segmenter.flush(), []);
  segmenter.close();
  segmenter.close();
  return segments;
}

/** What is true of all segments of any signal. */
export function assertSound(segments: readonly SpeechSegment[], signal: Float32Array, maxSegmentSeconds: number): void {
  let last = 0;
  for (const { start, end, samplesFrom, samples } of segments) {
    assert.ok(samplesFrom >= last, "neighbours overlap");
    last = samplesFrom + samples.length;
    assert.ok(last <= signal.length, "longer than the signal");
    assert.ok(samplesFrom <= start && start < end && end <= last, "speech lies outside of the samples");
    assert.ok(start - samplesFrom <= 4800 && samples.length <= maxSegmentSeconds * 16_000, "too long");
    assert.ok(sameSamples(samples, signal.subarray(samplesFrom, last)), "not the real signal");
  }
}

export function sameSamples(one: Float32Array, other: Float32Array): boolean {
  return Buffer.compare(bytesOf(one), bytesOf(other)) === 0;
}

/** Segments as text that is quick to compare: samples by their place. */
export function outline(segments: readonly SpeechSegment[]): readonly string[] {
  return segments.map(
    ({ start, end, samplesFrom, samples }) => `${samplesFrom} [${start} ${end}] ${samplesFrom + samples.length}`,
  );
}

/** Seconds of each segment, padding left out. */
export function spans(segments: readonly SpeechSegment[]): readonly (readonly [number, number])[] {
  return segments.map(({ start, end }) => [start / 16_000, end / 16_000]);
}

function bytesOf(samples: Float32Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}
