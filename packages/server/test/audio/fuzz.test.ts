import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import fc from "fast-check";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { VoxpoolError } from "../../dist/base/errors.js";
import { silentLog } from "../../dist/base/log.js";
import { decodeAll, inPieces, tone } from "./reading.ts";
import { chunk, type Form, writeWav } from "./wav-writer.ts";

const deaths: string[] = [];
const log = { ...silentLog, error: (_: unknown, message: string) => deaths.push(message) };
const decoder = createAudioDecoder({ workers: 2, log });
after(() => decoder.close());

const signal = tone(700, 16_000, 0.02);
const seeds: readonly Uint8Array[] = (["u8", "s16", "s24", "s32", "f32", "f64", "alaw", "mulaw"] as Form[]).flatMap(
  (form) => [
    writeWav(signal, { form, rate: 44_100, channels: 2, before: [chunk("LIST", Buffer.from("INFOabc"))] }),
    writeWav(signal, { form, extensible: true, kind: "RF64" }),
    writeWav(signal, { form, bigEndian: true, rate: 8000 }),
  ],
);

const seed = fc.constantFrom(...seeds);
const pieces = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 4 });
const size32 = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
);

const truncated = fc
  .tuple(seed, fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([bytes, part]) => bytes.slice(0, part * bytes.length));
const flipped = fc
  .tuple(seed, fc.array(fc.tuple(fc.nat(400), fc.nat(7)), { minLength: 1, maxLength: 20 }))
  .map(([bytes, flips]) => {
    const copy = bytes.slice();
    for (const [at, bit] of flips) copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << bit);
    return copy;
  });
const spliced = fc
  .tuple(seed, seed, fc.nat(300), fc.nat(300))
  .map(([a, b, from, to]) => new Uint8Array(Buffer.concat([a.subarray(0, from), b.subarray(to)])));
const header = fc
  .tuple(
    fc.constantFrom("RIFF", "RIFX", "RF64"),
    size32,
    fc.array(
      fc.tuple(fc.constantFrom("fmt ", "data", "ds64", "LIST", "junk"), size32, fc.uint8Array({ maxLength: 60 })),
      { maxLength: 8 },
    ),
  )
  .map(([kind, riffSize, chunks]) => {
    const little = kind !== "RIFX";
    const body = chunks.map(([id, size, bytes]) => chunk(id, bytes, little, size % 2 === 0 ? size : bytes.length));
    return new Uint8Array(chunk(kind, Buffer.concat([Buffer.from("WAVE"), ...body]), little, riffSize));
  });
const format = fc
  .tuple(
    fc.nat(0xffff),
    fc.nat(0xffff),
    size32,
    fc.nat(0xffff),
    fc.nat(0xffff),
    size32,
    fc.uint8Array({ maxLength: 200 }),
  )
  .map(([tag, channels, rate, frame, bits, size, sound]) => {
    const bytes = Buffer.from(writeWav([]));
    bytes.writeUInt16LE(tag % 2 === 0 ? 1 + (tag % 8) : tag, 20);
    bytes.writeUInt16LE(channels % 2 === 0 ? channels % 70 : channels, 22);
    bytes.writeUInt32LE(rate % 2 === 0 ? rate % 800_000 : rate, 24);
    bytes.writeUInt16LE(frame, 32);
    bytes.writeUInt16LE(bits % 2 === 0 ? (bits % 9) * 8 : bits, 34);
    bytes.writeUInt32LE(size, 40);
    return new Uint8Array(Buffer.concat([bytes, sound]));
  });

const kinds = { truncated, flipped, spliced, header, format, noise: fc.uint8Array({ maxLength: 3000 }) };

for (const [name, bytes] of Object.entries(kinds)) {
  test(`hostile files end in samples or in an error of ours: ${name}`, async () => {
    const before = process.memoryUsage().rss;
    await fc.assert(
      fc.asyncProperty(bytes, pieces, async (file, sizes) => {
        await decodesOrRefuses(file, sizes);
      }),
      { numRuns: 300, interruptAfterTimeLimit: 20_000 },
    );
    assert.deepEqual(deaths, [], "no thread died, nothing unforeseen was thrown");
    assert.ok(process.memoryUsage().rss - before < 300_000_000);
  });
}

const recordings = new URL("../../../../../shared/audio/", import.meta.url);

test("real recordings, cut and with bits flipped, end in samples or in an error of ours", async (context) => {
  if (!existsSync(recordings)) {
    context.skip("the recordings are not there (../shared/audio beside the repository)");
    return;
  }
  const files = readdirSync(recordings).filter((name) => name.endsWith(".wav"));
  const real = fc.constantFrom(...files.map((name) => new Uint8Array(readFileSync(new URL(name, recordings)))));
  await fc.assert(
    fc.asyncProperty(real, fc.nat(400_000), fc.nat(100), fc.nat(7), async (file, cut, at, bit) => {
      const copy = file.slice(0, Math.max(1, file.length - cut));
      copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << bit);
      await decodesOrRefuses(copy, [65_536]);
    }),
    { numRuns: 100, interruptAfterTimeLimit: 20_000 },
  );
  assert.deepEqual(deaths, []);
});

async function decodesOrRefuses(file: Uint8Array, sizes: readonly number[]): Promise<void> {
  try {
    const samples = await decodeAll(decoder, inPieces(file, ...sizes));
    assert.ok(samples.every((value) => value >= -1 && value <= 1));
    assert.ok(samples.length <= file.length * 16, "no more sound than bytes can hold at 1000 Hz");
  } catch (error) {
    assert.ok(error instanceof VoxpoolError, String(error));
    assert.notEqual(error.reason, "internal");
  }
}
