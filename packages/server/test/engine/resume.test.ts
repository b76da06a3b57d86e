import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nativeParts, recordings } from "../../../../test/fixtures/speech.ts";
import { joinedSignals, silentSignal } from "../../../../test/fixtures/tone-model.ts";
import type { SpeechSegment } from "../../dist/engine/segmenter.js";
import { frameSamples } from "../../dist/engine/vad/detector.js";
import { createSegmenterPool } from "../../dist/engine/vad/segmenters.js";
import { segmentsOf } from "./segments.ts";

const assets = await nativeParts();
const lookBackSamples = 4 * 16_000;

/** As text: signals are far too long for a message about their difference. */
const placesOf = (segments: readonly SpeechSegment[], base: number) =>
  segments
    .map(({ start, end, samplesFrom, samples }) => [start + base, end + base, samplesFrom + base, samples.length])
    .join(" ");

/** As a session is taken up there. */
function behind(resumeAt: number) {
  const from = Math.max(0, resumeAt - lookBackSamples);
  const base = from - (from % frameSamples);
  return { resumeAt, base, resume: { heardSamples: resumeAt - base, hasSpoken: true } };
}

type Pool = ReturnType<typeof createSegmenterPool>;

/** Taken up behind any of its segments, the rest of the signal is cut as it was. */
function assertResumable(pool: Pool, vad: "on" | "off", signal: Float32Array): void {
  const segments = segmentsOf(pool.lend(vad), signal);
  for (const [index, { samplesFrom, samples }] of segments.entries()) {
    const { base, resume } = behind(samplesFrom + samples.length);
    const rest = segmentsOf(pool.lend(vad, resume), signal.subarray(base));
    assert.equal(placesOf(rest, base), placesOf(segments.slice(index + 1), 0), `behind segment ${index}`);
  }
}

const stretches = fc.array(
  fc.record({ seconds: fc.double({ min: 0.01, max: 6, noNaN: true }), amplitude: fc.constantFrom(0, 0, 0.004, 0.2) }),
  { minLength: 1, maxLength: 10 },
);

const tone = (seconds: number, amplitude: number) =>
  Float32Array.from({ length: Math.round(seconds * 16_000) }, (_, at) => amplitude * Math.sin(at * 0.7));

for (const vad of ["on", "off"] as const) {
  test(`vad=${vad}: a segmenter that takes a signal up behind a segment cuts the rest as the first one did`, () => {
    const pool = createSegmenterPool("energy", { sileroFile: "", voskLibraryFile: "" }, 4);
    fc.assert(
      fc.property(stretches, (parts) => {
        assertResumable(pool, vad, joinedSignals(...parts.map(({ seconds, amplitude }) => tone(seconds, amplitude))));
      }),
      { numRuns: 40 },
    );
  });
}

const clips = recordings();
const skip = clips === undefined ? "the recordings are not there" : assets.sileroFile === "" && "Silero is not there";

/** Which samples of a signal are in segments. */
function covered(segments: readonly SpeechSegment[], base: number, length: number): Uint8Array {
  const marks = new Uint8Array(length);
  for (const { samplesFrom, samples } of segments) {
    marks.fill(1, base + samplesFrom, base + samplesFrom + samples.length);
  }
  return marks;
}

// Silero remembers more than it is given to hear again: a frame at an edge may be judged otherwise.
test("Silero finds nearly the same speech behind each segment, and nothing before", { skip }, () => {
  assert.ok(clips !== undefined);
  const speech = joinedSignals(...clips.flatMap(({ samples }) => [samples, silentSignal(0.8)]));
  const pool = createSegmenterPool("silero", assets, 20);
  const segments = segmentsOf(pool.lend(), speech);
  for (const [index, { samplesFrom, samples }] of segments.entries()) {
    const { resumeAt, base, resume } = behind(samplesFrom + samples.length);
    const rest = segmentsOf(pool.lend("on", resume), speech.subarray(base));
    const found = covered(rest, base, speech.length);
    const expected = covered(segments.slice(index + 1), 0, speech.length);
    assert.equal(found.indexOf(1) < 0 || found.indexOf(1) >= resumeAt, true, "nothing is given twice");
    const differing = found.reduce((count, mark, at) => count + (mark === expected[at] ? 0 : 1), 0);
    assert.ok(differing < 0.1 * speech.length, `${differing} samples of ${speech.length} differ`);
  }
});

test("what was heard already is never given, and its noise is no reason to decode what follows", () => {
  const pool = createSegmenterPool("energy", { sileroFile: "", voskLibraryFile: "" }, 4);
  const loud = tone(2, 0.2);
  for (const vad of ["on", "off", "trim"] as const) {
    const resume = { heardSamples: 32_000, hasSpoken: true };
    assert.equal(segmentsOf(pool.lend(vad, resume), loud).length, 0);
    const [first, ...others] = segmentsOf(pool.lend(vad, resume), joinedSignals(loud, loud));
    assert.ok(first !== undefined && first.samplesFrom >= 32_000 && others.length === 0);
  }
});
