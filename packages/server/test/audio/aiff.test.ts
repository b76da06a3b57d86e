import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { writeAiff } from "./aiff-writer.ts";
import { decodeAll, decodeChannels, distance, inPieces, tone } from "./reading.ts";

const decoder = createAudioDecoder({ workers: 1 });
after(() => decoder.close());

const signal = tone(500, 16_000, 0.5);

function coded(bytes: number, write: (view: DataView, at: number, value: number) => void): Uint8Array {
  const sound = new Uint8Array(signal.length * bytes);
  const view = new DataView(sound.buffer);
  for (const [n, value] of signal.entries()) write(view, n * bytes, value);
  return sound;
}

const big16 = coded(2, (view, at, value) => view.setInt16(at, value * 32_767));
const forms: readonly (readonly [what: string, file: Uint8Array, error: number])[] = [
  ["16 bits", writeAiff(big16, { bits: 16 }), 1e-4],
  [
    "8 bits",
    writeAiff(
      coded(1, (view, at, value) => view.setInt8(at, value * 127)),
      { bits: 8 },
    ),
    0.02,
  ],
  [
    "32 bits",
    writeAiff(
      coded(4, (view, at, value) => view.setInt32(at, value * 2_147_483_000)),
      { bits: 32 },
    ),
    1e-6,
  ],
  ["twos", writeAiff(big16, { compression: "twos", bits: 16 }), 1e-4],
  [
    "sowt",
    writeAiff(
      coded(2, (view, at, value) => view.setInt16(at, value * 32_767, true)),
      { compression: "sowt", bits: 16 },
    ),
    1e-4,
  ],
  [
    "fl32",
    writeAiff(
      coded(4, (view, at, value) => view.setFloat32(at, value)),
      { compression: "fl32", bits: 32 },
    ),
    0,
  ],
  ["a size of zero", writeAiff(big16, { bits: 16, soundSize: 0 }), 1e-4],
];

for (const [what, file, error] of forms) {
  test(`reads AIFF: ${what}`, async () => {
    for (const size of [file.length, 7]) {
      const samples = await decodeAll(decoder, inPieces(file, size));
      assert.equal(samples.length, signal.length);
      assert.ok(distance(samples, signal) <= error, `off by ${distance(samples, signal)}`);
    }
  });
}

test("AIFF is split into its channels and converted in its rate", async () => {
  const [left, right] = await decodeChannels(decoder, writeAiff(big16, { bits: 16, channels: 2, rate: 8000 }), {
    channels: "split",
  });
  assert.equal(left?.length, 8000);
  assert.equal(right?.length, 8000);
});

test("AIFF that cannot be read says why", async () => {
  const refused: readonly (readonly [Uint8Array, string])[] = [
    [writeAiff(big16, { compression: "ima4", bits: 16 }), "audio_unsupported"],
    [writeAiff(big16, { bits: 40 }), "audio_unsupported"],
    [writeAiff(big16, { bits: 16, channels: 0 }), "audio_invalid"],
    [writeAiff(big16, { bits: 16, rate: 500 }), "audio_unsupported"],
    [writeAiff(big16, { bits: 16 }).subarray(0, 40), "audio_invalid"],
  ];
  for (const [file, reason] of refused) {
    await assert.rejects(decodeAll(decoder, file), { reason });
    await assert.rejects(decodeAll(decoder, inPieces(file, 1)), { reason });
  }
});
