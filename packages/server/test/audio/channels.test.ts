import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { decodeAll, decodeChannels, distance, inPieces, tone } from "./reading.ts";
import { writeWav } from "./wav-writer.ts";

const decoder = createAudioDecoder({ workers: 2 });
after(() => decoder.close());

/** Signals of one length, frame by frame. */
function interleaved(signals: readonly Float32Array[]): Float32Array {
  const length = signals[0]?.length ?? 0;
  return Float32Array.from(
    { length: length * signals.length },
    (_, n) => signals[n % signals.length]?.[Math.floor(n / signals.length)] ?? 0,
  );
}

const tones = (count: number, rate: number, seconds = 1) =>
  Array.from({ length: count }, (_, n) => tone(300 + 150 * n, rate, seconds));

for (const rate of [8000, 16_000, 44_100]) {
  test(`split gives every channel as if it were alone, at ${rate} Hz`, async () => {
    const signals = tones(3, rate, 1.3);
    const bytes = writeWav(interleaved(signals), { channels: 3, rate, form: "f32" });
    const got = await decodeChannels(decoder, inPieces(bytes, 7001), { channels: "split" });
    assert.equal(got.length, 3);
    for (const [n, signal] of signals.entries()) {
      const alone = await decodeAll(decoder, writeWav(signal, { rate, form: "f32" }));
      assert.deepEqual(got[n], alone);
    }
  });
}

test("first gives the first channel, mix the mean of all", async () => {
  const [left, right] = tones(2, 16_000) as [Float32Array, Float32Array];
  const bytes = writeWav(interleaved([left, right]), { channels: 2, form: "f32" });
  assert.deepEqual(await decodeChannels(decoder, bytes, { channels: "first" }), [left]);
  const mixed = await decodeChannels(decoder, bytes, { channels: "mix" });
  assert.equal(mixed.length, 1);
  assert.ok(
    distance(
      mixed[0] ?? [],
      left.map((value, n) => (value + (right[n] ?? 0)) / 2),
    ) < 1e-6,
  );
  assert.deepEqual(await decodeChannels(decoder, bytes), mixed, "mix is what happens unasked");
});

test("one channel is one channel, whatever is wished for", async () => {
  const signal = tone(300, 16_000, 0.5);
  for (const channels of ["mix", "split", "first"] as const) {
    assert.deepEqual(await decodeChannels(decoder, writeWav(signal, { form: "f32" }), { channels }), [signal]);
  }
});

test("raw PCM is split too", async () => {
  const bytes = new Uint8Array(Int16Array.from({ length: 32_000 }, (_, n) => (n % 2 === 0 ? 100 : -200)).buffer);
  const raw = { rateHz: 16_000, channels: 2, littleEndian: true };
  const [left, right] = await decodeChannels(decoder, bytes, { raw, channels: "split" });
  assert.ok(left?.length === 16_000 && left.every((value) => value === Math.fround(100 / 32_768)));
  assert.ok(right?.length === 16_000 && right.every((value) => value === Math.fround(-200 / 32_768)));
});

test("more channels than may be split are refused with the limit; mixed they are read", async () => {
  const bytes = writeWav(new Float32Array(9 * 800), { channels: 9 });
  await assert.rejects(decodeChannels(decoder, bytes, { channels: "split" }), {
    reason: "channels_too_many",
    details: { channels: 9, limit: 8 },
  });
  assert.equal((await decodeAll(decoder, bytes)).length, 800);
  assert.equal((await decodeAll(decoder, bytes, { channels: "first" })).length, 800);
  assert.equal(
    (await decodeChannels(decoder, writeWav(new Float32Array(800), { channels: 8 }), { channels: "split" })).length,
    8,
  );
});

test("split chunks hold no more samples in all than mixed ones", async () => {
  const bytes = writeWav(new Float32Array(8 * 8000 * 60), { channels: 8, rate: 8000, form: "u8" });
  for await (const chunk of decoder.decode(inPieces(bytes, 262_144), { maxSeconds: 60, channels: "split" }).samples) {
    assert.ok(chunk.length * chunk[0].length <= 131_072 + 8 * 200, `${chunk.length} channels of ${chunk[0].length}`);
  }
});
