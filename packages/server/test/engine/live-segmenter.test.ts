import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nativeParts, recordings } from "../../../../test/fixtures/speech.ts";
import { joinedSignals, silentSignal } from "../../../../test/fixtures/tone-model.ts";
import type { LiveSettings } from "../../dist/engine/engine.js";
import { createSegmenterPool } from "../../dist/engine/vad/segmenters.js";
import { assertSound, spans } from "./segments.ts";

const assets = await nativeParts();
const [speech] = recordings() ?? [];
const noAssets = { sileroFile: "", voskLibraryFile: "" };
const auto: LiveSettings = { partials: true, manual: false };
const manual: LiveSettings = { partials: true, manual: true };
const lend = (settings: LiveSettings) => createSegmenterPool("energy", noAssets, 10).lendLive(settings);

const sound = (seconds: number, amplitude = 0.2): Float32Array =>
  Float32Array.from({ length: Math.round(seconds * 16_000) }, (_, index) => amplitude * Math.sin(index * 0.7));

describe("speech that is heard as it is spoken", () => {
  it("ends with a pause of half a second, or as long as is wished", () => {
    const signal = joinedSignals(sound(1), silentSignal(0.6), sound(1), silentSignal(0.6));
    assert.equal(lend(auto).push(signal).length, 2);
    assert.equal(lend({ ...auto, silenceSeconds: 0.2 }).push(joinedSignals(sound(1), silentSignal(0.3))).length, 1);
    assert.equal(lend({ ...auto, silenceSeconds: 1 }).push(signal).length, 0);
  });

  it("has no end in manual mode but the longest segment, and a split", () => {
    const segmenter = lend(manual);
    assert.deepEqual(segmenter.push(joinedSignals(sound(1), silentSignal(5), sound(1))), []);
    assert.deepEqual(
      spans(segmenter.split()).map(([, end]) => Math.round(end)),
      [7],
    );
    const cut = segmenter.push(sound(25));
    assert.ok(cut.length >= 2);
    assert.ok(cut.every(({ goesOn }) => goesOn === true));
  });

  it("is shown while it is under way, from its padding on", () => {
    const segmenter = lend(auto);
    const shown = () => segmenter.open;
    segmenter.push(silentSignal(1));
    segmenter.push(sound(0.05));
    assert.equal(shown(), undefined, "a click is not shown");
    segmenter.push(sound(0.95));
    const open = shown();
    assert.ok(open && Math.abs(open.start - 16_000) <= 512 && Math.abs(open.end - 32_000) <= 512);
    const copy = segmenter.copyOpen();
    assert.equal((copy?.start ?? 0) - (copy?.samplesFrom ?? 0), 4800);
    segmenter.split();
    assert.equal(shown(), undefined);
    assert.equal(segmenter.copyOpen(), undefined);
  });

  it("is whole in its segments, wherever it is split, and the rest of a word is no click", () => {
    const signal = joinedSignals(silentSignal(0.5), sound(3), silentSignal(0.2), sound(1), silentSignal(0.4));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: signal.length }), { maxLength: 6 }), (places) => {
        const segmenter = lend(manual);
        const cuts = [...places.toSorted((a, b) => a - b), signal.length];
        const segments = cuts.flatMap((to, at) => [
          ...segmenter.push(signal.subarray(cuts[at - 1] ?? 0, to)),
          ...segmenter.split(),
        ]);
        assertSound(segments, signal, 10);
        assert.equal(segmenter.heldFrom, signal.length);
        // Only what is shorter than a click between two splits, or before the first, may be missing.
        const spoken = segments.reduce((sum, { start, end }) => sum + end - start, 0);
        assert.ok(spoken >= 4 * 16_000 - (places.length + 1) * 4 * 512, `${spoken} samples of 64000`);
      }),
    );
  });

  const withSilero = assets.sileroFile ? false : "Silero could not be fetched";
  const withSpeech = withSilero || (speech ? false : "the recordings are not there");

  it("that the model misses is decoded all the same at each split", { skip: withSilero }, () => {
    const segmenter = createSegmenterPool("silero", assets, 20).lendLive(auto);
    for (let time = 0; time < 2; time += 1) {
      assert.deepEqual(segmenter.push(joinedSignals(silentSignal(1), sound(1, 0.05), silentSignal(1))), []);
      assert.equal(segmenter.split().length, 1);
    }
    segmenter.close();
  });

  it("is less where the detector has to be surer", { skip: withSpeech }, () => {
    const pool = createSegmenterPool("silero", assets, 20);
    const speechAt = (threshold: number) => {
      const segmenter = pool.lendLive({ ...auto, threshold });
      const segments = [...segmenter.push(speech?.samples ?? new Float32Array(0)), ...segmenter.split()];
      segmenter.close();
      return segments.reduce((sum, { start, end }) => sum + end - start, 0);
    };
    const [unsure, usual, sure] = [speechAt(0), speechAt(0.5), speechAt(1)] as [number, number, number];
    assert.ok(unsure > usual && usual > sure, `${unsure}, ${usual}, ${sure}`);
  });
});
