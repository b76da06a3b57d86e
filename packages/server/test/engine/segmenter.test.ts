import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { newFolder } from "../../../../test/fixtures/folders.ts";
import { joinedSignals, silentSignal, toneSignal, writeToneModel } from "../../../../test/fixtures/tone-model.ts";
import { loadEngine } from "../../dist/engine/load.js";
import { createSegmenterPool } from "../../dist/engine/vad/segmenters.js";
import { assertSound, outline, segmentsOf, spans } from "./segments.ts";

const assets = { sileroFile: "", voskLibraryFile: "" };
const frameSeconds = 0.032;
const energy = (maxSegmentSeconds: number) => createSegmenterPool("energy", assets, maxSegmentSeconds).lend();

/** A steady tone, or silence for amplitude 0. */
const sound = (seconds: number, amplitude = 0.2): Float32Array =>
  Float32Array.from({ length: Math.round(seconds * 16_000) }, (_, index) => amplitude * Math.sin(index * 0.7));

describe("segments by energy", () => {
  const cases: readonly {
    name: string;
    signal: Float32Array;
    /** Start and end in seconds, within a frame. */
    expected: readonly (readonly [number, number])[];
  }[] = [
    { name: "nothing", signal: new Float32Array(0), expected: [] },
    { name: "one sample", signal: new Float32Array(1).fill(0.5), expected: [] },
    { name: "silence", signal: silentSignal(5), expected: [] },
    { name: "a quiet room", signal: sound(5, 0.003), expected: [] },
    { name: "a click", signal: joinedSignals(silentSignal(1), sound(0.02), silentSignal(1)), expected: [] },
    { name: "sound from the first to the last sample", signal: sound(1.5), expected: [[0, 1.5]] },
    { name: "sound after silence", signal: joinedSignals(silentSignal(2), sound(1)), expected: [[2, 3]] },
    {
      name: "words with short pauses: one segment",
      signal: joinedSignals(silentSignal(1), sound(0.3), silentSignal(1), sound(0.3), silentSignal(2)),
      expected: [[1, 2.6]],
    },
    {
      name: "a few words and a long pause: two segments",
      signal: joinedSignals(sound(0.5), silentSignal(1.4), sound(0.5), silentSignal(1)),
      expected: [
        [0, 0.5],
        [1.9, 2.4],
      ],
    },
    {
      name: "a pause of half a second after a long sentence: two segments",
      signal: joinedSignals(sound(6), silentSignal(0.7), sound(0.5)),
      expected: [
        [0, 6],
        [6.7, 7.2],
      ],
    },
  ];
  for (const { name, signal, expected } of cases) {
    it(`of ${name} are right`, () => {
      const segments = segmentsOf(energy(10), signal);
      assertSound(segments, signal, 10);
      assert.equal(segments.length, expected.length);
      for (const [index, [start, end]] of spans(segments).entries()) {
        assert.ok(Math.abs(start - (expected[index]?.[0] ?? -1)) <= frameSeconds, `start ${start}`);
        assert.ok(Math.abs(end - (expected[index]?.[1] ?? -1)) <= frameSeconds, `end ${end}`);
      }
    });
  }

  it("keep 300 ms of the real signal on both sides", () => {
    const signal = joinedSignals(sound(2, 0.002), sound(1), sound(2, 0.002));
    const [segment] = segmentsOf(energy(10), signal);
    assert.ok(segment);
    assert.equal(segment.start - segment.samplesFrom, 4800);
    assert.equal(segment.samplesFrom + segment.samples.length - segment.end, 4800);
    assertSound([segment], signal, 10);
  });

  it("are cut in the one quiet moment when sound goes on for too long", () => {
    const dipFrom = 7.3;
    const signal = joinedSignals(sound(dipFrom), sound(0.06, 0.02), sound(8 - dipFrom), sound(5));
    const segments = segmentsOf(energy(10), signal);
    assertSound(segments, signal, 10);
    const [, second] = spans(segments);
    assert.ok(second && second[0] >= dipFrom && second[0] <= dipFrom + 0.06, JSON.stringify(spans(segments)));
  });

  it("never split a letter of a text that is longer than a segment", async () => {
    const engine = await loadEngine(writeToneModel(newFolder()), assets);
    assert.ok(engine.input === "segments");
    const text = "thequickbrownfoxjumpsoverthelazydog".repeat(6);
    const segments = segmentsOf(energy(4), toneSignal(text));
    assertSound(segments, toneSignal(text), 4);
    assert.ok(segments.length > 8);
    const texts = await Promise.all(segments.map(({ samples }) => engine.decode(samples, { words: false })));
    assert.equal(texts.map((piece) => piece.text).join(""), text);
  });

  it("take samples that are no numbers for silence", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1e30]) {
      const signal = joinedSignals(silentSignal(1), sound(1), new Float32Array(16_000).fill(value), sound(1));
      const segments = segmentsOf(energy(10), signal);
      assert.equal(segments.length, 1);
      assert.ok(segments[0]?.samples.every((sample) => Math.abs(sample) <= 1));
    }
  });

  it("refuse a limit that leaves no room to cut", () => {
    for (const seconds of [0, 1.9, Number.NaN, -1]) assert.throws(() => energy(seconds), RangeError);
  });

  it("hold a third of a second in hours of silence", () => {
    const segmenter = energy(10);
    const chunk = silentSignal(10);
    for (let count = 1; count <= 1080; count += 1) {
      assert.deepEqual(segmenter.push(chunk), []);
      assert.ok(count * chunk.length - segmenter.heldFrom <= 4800 + 512);
    }
    assert.deepEqual(segmenter.flush(), []);
  });

  it("hold one segment at most in hours of sound, and lose none of it", () => {
    const segmenter = energy(10);
    const chunk = sound(10);
    let next = 0;
    for (let count = 1; count <= 360; count += 1) {
      for (const segment of segmenter.push(chunk)) {
        assert.equal(segment.samplesFrom, next);
        next += segment.samples.length;
      }
      assert.ok(count * chunk.length - segmenter.heldFrom <= 160_000);
    }
    for (const segment of segmenter.flush()) next += segment.samples.length;
    assert.equal(next, 360 * 160_000);
  });
});

describe("segments of any signal", () => {
  const maxSegmentSeconds = 3;
  const part = fc.record({
    milliseconds: fc.integer({ min: 1, max: 2500 }),
    amplitude: fc.constantFrom(0, 0, 0.001, 0.02, 0.3),
  });
  const signals = fc
    .array(part, { maxLength: 8 })
    .map((parts) => joinedSignals(...parts.map((one) => sound(one.milliseconds / 1000, one.amplitude))));
  const chunkSizes = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 20 });

  it("are the same whatever the chunks they come in", () => {
    fc.assert(
      fc.property(signals, chunkSizes, (signal, sizes) => {
        const whole = segmentsOf(energy(maxSegmentSeconds), signal, [Math.max(1, signal.length)]);
        assert.deepEqual(outline(segmentsOf(energy(maxSegmentSeconds), signal, sizes)), outline(whole));
      }),
      { numRuns: 60 },
    );
  });

  it("are the same sample by sample", () => {
    const signal = joinedSignals(silentSignal(0.7), sound(2), silentSignal(1.3), sound(4.1));
    const whole = segmentsOf(energy(maxSegmentSeconds), signal, [signal.length]);
    assert.deepEqual(outline(segmentsOf(energy(maxSegmentSeconds), signal, [1])), outline(whole));
  });

  it("do not overlap, are never too long, and are the real signal", () => {
    fc.assert(
      fc.property(signals, chunkSizes, (signal, sizes) => {
        assertSound(segmentsOf(energy(maxSegmentSeconds), signal, sizes), signal, maxSegmentSeconds);
      }),
      { numRuns: 60 },
    );
  });

  it("keep the last moment of a sound that was cut because it was too long", () => {
    const signal = joinedSignals(silentSignal(0.37), sound(2.65), silentSignal(1));
    const last = segmentsOf(energy(maxSegmentSeconds), signal).at(-1);
    assert.ok(last !== undefined && last.samplesFrom + last.samples.length >= 3.02 * 16_000);
  });

  it("leave out no sound that lasts", () => {
    fc.assert(
      fc.property(signals, (signal) => {
        const covered = new Uint8Array(signal.length);
        for (const { samplesFrom, samples } of segmentsOf(energy(maxSegmentSeconds), signal)) {
          covered.fill(1, samplesFrom, samplesFrom + samples.length);
        }
        for (const [from, to] of lastingSounds(signal)) {
          assert.ok(
            covered.subarray(from, to).every((one) => one === 1),
            `sound in ${from}-${to} is left out`,
          );
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** Stretches of at least 0.2 s that are loud all the time. */
function lastingSounds(signal: Float32Array): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  let from = 0;
  for (let at = 0; at + 160 <= signal.length; at += 160) {
    const loud = signal.subarray(at, at + 160).some((sample) => Math.abs(sample) > 0.015);
    if (loud && at + 160 - from >= 3200) found.push([from, at + 160]);
    if (!loud) from = at + 160;
  }
  return found;
}
