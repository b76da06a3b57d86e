import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { moonshineSpec, nativeParts, recordings, wordErrorRate } from "../../../../test/fixtures/speech.ts";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { loadEngine } from "../../dist/engine/load.js";
import { createSegmenterPool } from "../../dist/engine/vad/segmenters.js";
import { assertSound, outline, segmentsOf } from "./segments.ts";

const assets = await nativeParts();
const spec = await moonshineSpec();
const spoken = recordings() ?? [];
const pool = () => createSegmenterPool("silero", assets, 20);

it("Silero that has not been fetched is asked for by name", () => {
  assert.throws(() => createSegmenterPool("silero", { ...assets, sileroFile: "" }, 20), { reason: "asset_missing" });
});

describe("segments by Silero", {
  skip: assets.sileroFile ? false : "Silero could not be fetched",
}, () => {
  const withSpeech = spoken.length > 0 ? false : "the recordings are not there";
  const pauses = spoken.flatMap(({ samples }) => [samples, silentSignal(2)]);
  const talk = joinedSignals(silentSignal(3), ...pauses);

  it("are the same whatever the chunks, and from an object that was used before", { skip: withSpeech }, () => {
    const segmenters = pool();
    const whole = outline(segmentsOf(segmenters.lend(), talk, [talk.length]));
    for (const size of [160, 511, 512, 160_000]) {
      assert.deepEqual(outline(segmentsOf(segmenters.lend(), talk, [size])), whole);
    }
  });

  it("are the same for sessions that run side by side", { skip: withSpeech }, () => {
    const segmenters = pool();
    const alone = outline(segmentsOf(segmenters.lend(), talk));
    const sessions = Array.from({ length: 3 }, () => ({ segmenter: segmenters.lend(), made: [] as string[] }));
    for (let at = 0; at < talk.length; at += 4000) {
      for (const { segmenter, made } of sessions) made.push(...outline(segmenter.push(talk.subarray(at, at + 4000))));
    }
    for (const { segmenter, made } of sessions) made.push(...outline(segmenter.flush()));
    assert.deepEqual(
      sessions.map(({ made }) => made),
      [alone, alone, alone],
    );
  });

  it("follow the pauses between sentences", { skip: withSpeech }, () => {
    const segments = segmentsOf(pool().lend(), talk);
    assertSound(segments, talk, 20);
    assert.equal(segments.length, spoken.length);
  });

  it("hold little of silence, and no more than two segments of speech without a pause", { skip: withSpeech }, () => {
    const segmenter = pool().lend();
    segmenter.push(silentSignal(120));
    assert.ok(120 * 16_000 - segmenter.heldFrom <= 4800 + 1024);
    segmenter.close();
    const endless = joinedSignals(...spoken.map(({ samples }) => samples.subarray(8000, samples.length - 8000)));
    const busy = createSegmenterPool("silero", assets, 5).lend();
    for (let at = 0; at < endless.length; at += 8000) {
      busy.push(endless.subarray(at, at + 8000));
      assert.ok(at + 8000 - busy.heldFrom <= 2 * 5 * 16_000);
    }
    busy.close();
  });

  it("cost nothing while a session is silent, and one object for sessions one after the other", {
    skip: withSpeech,
  }, () => {
    const segmenters = pool();
    const [first] = spoken;
    assert.ok(first);
    segmentsOf(segmenters.lend(), first.samples);
    const bytesBefore = process.memoryUsage.rss();
    const silent = Array.from({ length: 40 }, () => segmenters.lend());
    for (const segmenter of silent) segmenter.push(silentSignal(1));
    for (let turn = 0; turn < 20; turn += 1) segmentsOf(segmenters.lend(), first.samples.subarray(0, 32_000));
    for (const segmenter of silent) segmenter.close();
    // An object is 10 MB: 40 of them would be seen.
    assert.ok(process.memoryUsage.rss() - bytesBefore < 120 * 1_048_576);
  });

  it("take what can be heard where nobody speaks, for push-to-talk", () => {
    const signal = joinedSignals(silentSignal(2), toneSignal("abc"), silentSignal(2));
    const segments = segmentsOf(pool().lend(), signal);
    assertSound(segments, signal, 20);
    assert.equal(segments.length, 1);
    assert.ok(Math.abs((segments[0]?.start ?? 0) - 2.5 * 16_000) <= 512);
  });

  it("leave noise alone that goes on for longer than a segment, and hold none of it", () => {
    const noise = Float32Array.from({ length: 16_000 * 30 }, (_, index) => 0.05 * Math.sin(index * index * 0.37));
    const segmenter = pool().lend();
    segmenter.push(noise);
    assert.ok(noise.length - segmenter.heldFrom <= 4800 + 1024);
    assert.deepEqual(segmenter.flush(), []);
  });

  const withModel = typeof spec !== "string" && !withSpeech ? false : "Moonshine tiny or the recordings are not there";
  const joined = [
    { name: "the recordings with two seconds of silence between them", signal: talk },
    { name: "the recordings without a pause", signal: joinedSignals(...spoken.map(({ samples }) => samples)) },
  ];
  for (const { name, signal } of joined) {
    it(`let Moonshine read ${name}`, { skip: withModel }, async () => {
      assert.ok(typeof spec !== "string");
      const engine = await loadEngine(spec, assets);
      assert.ok(engine.input === "segments");
      const texts: string[] = [];
      for (const segment of segmentsOf(
        createSegmenterPool("silero", assets, engine.info.maxSegmentSeconds).lend(),
        signal,
      )) {
        texts.push((await engine.decode(segment.samples, { words: false })).text);
      }
      const said = spoken.map(({ text }) => text).join(" ");
      assert.ok(wordErrorRate(said, texts.join(" ")) <= 0.04, texts.join(" | "));
    });
  }
});
