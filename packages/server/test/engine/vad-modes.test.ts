import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nativeParts, recordings } from "../../../../test/fixtures/speech.ts";
import { joinedSignals, silentSignal } from "../../../../test/fixtures/tone-model.ts";
import { EnergyDetector } from "../../dist/engine/vad/energy.js";
import { createSegmenterPool } from "../../dist/engine/vad/segmenters.js";
import { Trimmer } from "../../dist/engine/vad/trimmer.js";
import { assertSound, outline, segmentsOf } from "./segments.ts";

const noAssets = { sileroFile: "", voskLibraryFile: "" };
const energy = (vad: "off" | "trim", maxSegmentSeconds = 10) =>
  createSegmenterPool("energy", noAssets, maxSegmentSeconds).lend(vad);

/** A steady tone, or hardly audible noise. */
const sound = (seconds: number, amplitude = 0.2): Float32Array =>
  Float32Array.from({ length: Math.round(seconds * 16_000) }, (_, index) => amplitude * Math.sin(index * 0.7));

const newEar = () => new EnergyDetector();

/** The frame in which a sound begins that comes after two seconds. */
const soundFrame = Math.floor(32_000 / 512) * 512;

/** Where the samples of segments begin and end, seconds to one digit. */
const places = (vad: "off" | "trim", signal: Float32Array, maxSegmentSeconds = 10) => {
  const segments = segmentsOf(energy(vad, maxSegmentSeconds), signal);
  assertSound(segments, signal, maxSegmentSeconds);
  return segments.map(({ samplesFrom, samples }) =>
    [samplesFrom, samplesFrom + samples.length].map((sample) => Math.round(sample / 1600) / 10),
  );
};

describe("vad=off", () => {
  it("gives everything as it is, silence included, however short", () => {
    assert.deepEqual(places("off", joinedSignals(silentSignal(3), sound(1), silentSignal(4))), [[0, 8]]);
    assert.deepEqual(places("off", silentSignal(5)), [[0, 5]]);
    assert.equal(segmentsOf(energy("off"), sound(0.01))[0]?.samples.length, 160);
    assert.deepEqual(places("off", new Float32Array(0)), []);
  });

  it("cuts what is longer than the limit at its quietest point", () => {
    const signal = joinedSignals(sound(7), sound(0.2, 0.01), sound(7));
    assert.deepEqual(places("off", signal), [
      [0, 7.1],
      [7.1, 14.2],
    ]);
  });

  it("loses no sample of hours, and holds one segment at most", () => {
    const segmenter = energy("off");
    const chunk = joinedSignals(sound(3), silentSignal(5));
    let next = 0;
    for (let count = 1; count <= 450; count += 1) {
      for (const segment of segmenter.push(chunk)) {
        assert.equal(segment.samplesFrom, next);
        next += segment.samples.length;
      }
      assert.ok(count * chunk.length - segmenter.heldFrom <= 160_000);
    }
    for (const segment of segmenter.flush()) next += segment.samples.length;
    assert.equal(next, 450 * chunk.length);
  });
});

describe("vad=trim", () => {
  const cases: readonly (readonly [name: string, signal: Float32Array, places: readonly (readonly number[])[]])[] = [
    ["nothing", new Float32Array(0), []],
    ["silence", silentSignal(30), []],
    ["sound alone", sound(3), [[0, 3]]],
    ["silence at both ends", joinedSignals(silentSignal(5), sound(2), silentSignal(5)), [[4.7, 7.3]]],
    [
      "a pause inside",
      joinedSignals(silentSignal(1), sound(1), silentSignal(5), sound(1), silentSignal(1)),
      [[0.7, 8.3]],
    ],
    [
      "a pause in which nothing can be heard for longer than a segment",
      joinedSignals(sound(1), silentSignal(30), sound(1)),
      [
        [0, 1.3],
        [30.7, 32],
      ],
    ],
    [
      "more than a segment",
      joinedSignals(silentSignal(2), sound(6), silentSignal(2), sound(6), silentSignal(2)),
      [
        [1.7, 9],
        [9, 16.3],
      ],
    ],
  ];
  for (const [name, signal, expected] of cases) {
    it(`of ${name} takes off the ends and nothing inside`, () => assert.deepEqual(places("trim", signal), expected));
  }

  it("holds a moment of hours of silence, and two segments at most of hours of sound", () => {
    const segmenter = energy("trim");
    for (let count = 1; count <= 360; count += 1) {
      assert.deepEqual(segmenter.push(silentSignal(10)), []);
      assert.ok(count * 160_000 - segmenter.heldFrom <= 4800 + 512);
    }
    const begun = 360 * 160_000;
    const chunk = joinedSignals(sound(4), silentSignal(9));
    for (let count = 1; count <= 300; count += 1) {
      segmenter.push(chunk);
      assert.ok(begun + count * chunk.length - segmenter.heldFrom <= 2 * 160_000 + 16_000);
    }
    segmenter.close();
  });

  it("takes samples that are no numbers for silence", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1e30]) {
      const signal = joinedSignals(new Float32Array(32_000).fill(value), sound(1), new Float32Array(999).fill(value));
      const segments = segmentsOf(energy("trim"), signal);
      assert.deepEqual(
        segments.map(({ samplesFrom }) => samplesFrom),
        [soundFrame - 4800],
      );
      assert.ok(segments[0]?.samples.every((sample) => Math.abs(sample) <= 1));
    }
  });
});

describe("a trimmer", () => {
  const part = fc.record({
    milliseconds: fc.integer({ min: 1, max: 2500 }),
    amplitude: fc.constantFrom(0, 0, 0.001, 0.02, 0.3),
  });
  const signals = fc
    .array(part, { maxLength: 8 })
    .map((parts) => joinedSignals(...parts.map((one) => sound(one.milliseconds / 1000, one.amplitude))));
  const sizes = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 20 });

  for (const vad of ["off", "trim"] as const) {
    it(`cuts the same whatever the chunks, and soundly: ${vad}`, () => {
      fc.assert(
        fc.property(signals, sizes, (signal, chunkSizes) => {
          const whole = segmentsOf(energy(vad, 3), signal, [Math.max(1, signal.length)]);
          assertSound(whole, signal, 3);
          assert.deepEqual(outline(segmentsOf(energy(vad, 3), signal, chunkSizes)), outline(whole));
        }),
        { numRuns: 60 },
      );
    });
  }

  it("lets audible noise in a long pause through, since somebody may speak in it", () => {
    const quiet = new Float32Array(16_000 * 8).fill(0.01);
    const hears = { lagSamples: 0, isSpeech: (frame: Float32Array) => (frame[0] ?? 0) > 0.05, close: () => undefined };
    const loud = new Float32Array(16_000).fill(0.2);
    for (const [pause, passages] of [
      [quiet, 1],
      [new Float32Array(quiet.length), 2],
    ] as const) {
      const trimmer = new Trimmer({ detector: hears, longestPauseSeconds: 3 });
      const found = [...trimmer.push(loud), ...trimmer.push(pause), ...trimmer.push(loud), ...trimmer.flush()];
      assert.equal(found.filter(({ ends }) => ends).length, passages);
      const samples = found.reduce((sum, passage) => sum + passage.samples.length, 0);
      assert.equal(samples === 2 * loud.length + pause.length, passages === 1);
    }
  });

  it("keeps what can be heard where its detector finds no speech at all", () => {
    const deaf = { lagSamples: 512, isSpeech: () => false, close: () => undefined };
    const trimmer = new Trimmer({ detector: deaf, longestPauseSeconds: 10, fallback: newEar });
    const found = [...trimmer.push(joinedSignals(silentSignal(2), sound(1), silentSignal(2))), ...trimmer.flush()];
    assert.equal(found[0]?.from, soundFrame - 4800);
    const seconds = found.reduce((sum, { samples }) => sum + samples.length, 0) / 16_000;
    assert.equal(Math.round(seconds * 10) / 10, 1.6);
  });
});

const assets = await nativeParts();
const spoken = recordings() ?? [];

describe("vad=trim by Silero", {
  skip: assets.sileroFile && spoken.length > 0 ? false : "Silero or the recordings are not there",
}, () => {
  it("takes off noise that is no speech at both ends, and keeps all between", () => {
    const hiss = sound(8, 0.01);
    const [one, other] = spoken;
    assert.ok(one && other);
    const signal = joinedSignals(hiss, one.samples, silentSignal(4), other.samples, hiss);
    const segments = segmentsOf(createSegmenterPool("silero", assets, 20).lend("trim"), signal);
    assertSound(segments, signal, 20);
    const [first, last] = [segments[0], segments.at(-1)];
    assert.ok(first && last);
    assert.ok(first.samplesFrom >= 7.5 * 16_000, "the hiss before is taken off");
    assert.ok(last.samplesFrom + last.samples.length <= signal.length - 7 * 16_000, "the hiss after is taken off");
    const kept = segments.reduce((sum, { samples }) => sum + samples.length, 0);
    assert.equal(kept, last.samplesFrom + last.samples.length - first.samplesFrom, "nothing inside is left out");
  });
});
