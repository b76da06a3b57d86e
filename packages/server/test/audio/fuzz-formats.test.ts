import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { VoxpoolError } from "../../dist/base/errors.js";
import { silentLog } from "../../dist/base/log.js";
import { createSpool } from "../../dist/base/spool.js";
import { lacedBlock, writeBlocks, writeMatroska } from "./matroska-writer.ts";
import { writeFragments, writeMp4 } from "./mp4-writer.ts";
import { writeOgg } from "./ogg-writer.ts";
import { flacParts, mp3Packets, opusPackets } from "./packets.ts";
import { decodeAll, inPieces, readThrough } from "./reading.ts";
import { recording } from "./recordings.ts";

const deaths: string[] = [];
const log = { ...silentLog, error: (_: unknown, message: string) => deaths.push(message) };
const directory = mkdtempSync(join(tmpdir(), "voxpool-fuzz-"));
const spool = createSpool({ directory, limitBytes: 50_000_000 });
// A step that takes longer than this is a hang, and shows as the death of its thread. AAC ends at its container.
const decoder = createAudioDecoder({ workers: 2, log, spool, path: "", stepTimeoutMs: 2000 });
after(async () => {
  await decoder.close();
  assert.deepEqual(readdirSync(directory), []);
  rmSync(directory, { recursive: true, force: true });
});

const names = [
  "speech.mp3",
  "stereo.mp3",
  "speech.flac",
  "vorbis.ogg",
  "opus.ogg",
  "stereo.ogg",
  "flac.ogg",
  "opus.webm",
  "vorbis.webm",
  "opus.mp4",
  "aac.m4a",
  "aac-fragments.mp4",
  "aac.mka",
  "speech.aac",
  "alac.m4a",
] as const;

const flips = fc.array(fc.tuple(fc.nat(20_000), fc.nat(7)), { minLength: 1, maxLength: 30 });
/** Headers are where damage does the most. */
const headerFlips = fc.array(fc.tuple(fc.nat(600), fc.nat(7)), { minLength: 1, maxLength: 12 });
const pieces = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 3 });
const part = fc.double({ min: 0, max: 1, noNaN: true });
const any32 = fc.constantFrom(0, 1, 0x7f, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x0100_0000, 0x00ff_ffff);

function flipped(bytes: Uint8Array, at: readonly (readonly [number, number])[]): Uint8Array {
  const copy = bytes.slice();
  for (const [place, bit] of at) copy[place % copy.length] = (copy[place % copy.length] ?? 0) ^ (1 << bit);
  return copy;
}

function overwritten(bytes: Uint8Array, places: readonly (readonly [number, number])[]): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  for (const [place, value] of places) view.setUint32(place % (copy.length - 4), value);
  return copy;
}

for (const name of names) {
  const seed = recording(name);
  const hostile = fc.oneof(
    flips.map((at) => flipped(seed, at)),
    headerFlips.map((at) => flipped(seed, at)),
    part.map((cut) => seed.subarray(0, cut * seed.length)),
    fc.array(fc.tuple(fc.nat(2000), any32), { minLength: 1, maxLength: 4 }).map((at) => overwritten(seed, at)),
    fc
      .tuple(fc.constantFrom(...names), part, part)
      .map(([other, from, to]) => spliced(seed, recording(other), from, to)),
    fc.tuple(part, fc.integer({ min: 2, max: 40 })).map(([from, times]) => repeated(seed, from, times)),
  );
  test(`hostile files end in samples or in an error of ours: ${name}`, async () => {
    const before = process.memoryUsage().rss;
    await fc.assert(
      fc.asyncProperty(hostile, pieces, (file, sizes) => decodesOrRefuses(file, sizes)),
      { numRuns: 60, interruptAfterTimeLimit: 8000 },
    );
    assert.deepEqual(deaths, [], "no thread died or hung, nothing unforeseen was thrown");
    assert.ok(process.memoryUsage().rss - before < 200_000_000);
  });
}

const anyRate = fc.oneof(
  fc.double(),
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.constantFrom(0, 1, 30, 8000, 44_100, Number.NaN, Number.POSITIVE_INFINITY),
);
const [opus, mono, stereo] = [opusPackets(), mp3Packets("speech.mp3"), mp3Packets("stereo.mp3")];
const flac = { header: flacParts().header, frame: flacParts().frames.subarray(0, 4000) };
const someOpus = fc.array(
  fc.oneof(
    fc.constantFrom(...opus),
    fc.uint8Array({ maxLength: 6 }),
    fc.constantFrom(Uint8Array.of(0x18), Uint8Array.of(0x03), Uint8Array.of(0x1b, 0x02)),
  ),
  { maxLength: 60 },
);
const place = fc.oneof(fc.nat(4000), fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_ff00));

/** Files that are whole and say what cannot be true. */
const lies: Readonly<Record<string, fc.Arbitrary<Uint8Array>>> = {
  "rates and channels of tracks in Matroska": fc
    .tuple(
      anyRate,
      fc.nat(255),
      fc.constantFrom("A_MPEG/L3", "A_FLAC"),
      fc.array(fc.constantFrom(...mono, ...stereo, flac.frame, flac.header), { maxLength: 60 }),
    )
    .map(([rateHz, channels, codec, packets]) =>
      writeMatroska({ codec, rateHz, channels, header: flac.header }, packets, 7),
    ),
  "laced blocks": fc
    .tuple(fc.array(fc.uint8Array({ minLength: 9, maxLength: 9 }), { minLength: 1, maxLength: 256 }), anyRate)
    .map(([packets, rateHz]) => writeBlocks({ codec: "A_FLAC", header: flac.header, rateHz }, [lacedBlock(packets)])),
  "streams of Ogg, one behind the other": fc
    .array(fc.tuple(someOpus, fc.nat(3)), { minLength: 1, maxLength: 300 })
    .map((streams) => Buffer.concat(streams.map(([packets, serial]) => writeOgg(packets.slice(0, 3), serial)))),
  "chunk offsets of MP4": fc
    .tuple(someOpus, fc.array(place, { maxLength: 5000 }), fc.nat(40), fc.option(fc.tuple(fc.nat(300), place)))
    .map(([packets, chunks, perChunk, same]) =>
      writeMp4(packets, { chunks, perChunk, ...(same !== null && { same }) }),
    ),
  "fragments of MP4, with bits flipped": fc
    .tuple(someOpus, fc.integer({ min: 1, max: 9 }), flips)
    .map(([packets, each, at]) => flipped(writeFragments(packets, each), at)),
};

for (const [name, files] of Object.entries(lies)) {
  test(`files that lie end in samples or in an error of ours: ${name}`, async () => {
    const before = process.memoryUsage().rss;
    await fc.assert(
      fc.asyncProperty(files, pieces, (file, sizes) => decodesOrRefuses(file, sizes)),
      { numRuns: 60, interruptAfterTimeLimit: 8000 },
    );
    assert.deepEqual(deaths, [], "no thread died or hung, nothing unforeseen was thrown");
    assert.ok(process.memoryUsage().rss - before < 200_000_000);
  });
}

function spliced(a: Uint8Array, b: Uint8Array, from: number, to: number): Uint8Array {
  return Buffer.concat([a.subarray(0, from * a.length), b.subarray(to * b.length)]);
}

function repeated(bytes: Uint8Array, from: number, times: number): Uint8Array {
  const start = Math.floor(from * bytes.length);
  return Buffer.concat([bytes, ...Array.from({ length: times }, () => bytes.subarray(start, start + 2000))]);
}

async function decodesOrRefuses(file: Uint8Array, sizes: readonly number[]): Promise<void> {
  try {
    const samples = await decodeAll(decoder, inPieces(file, ...sizes), { maxSeconds: 60 });
    assert.ok(samples.every((value) => value >= -1 && value <= 1));
  } catch (error) {
    assert.ok(error instanceof VoxpoolError, String(error));
    assert.notEqual(error.reason, "internal");
  }
}

test("a stream of tiny Opus packets is bounded by the sound that it stands for", async () => {
  const page = recording("opus.webm");
  const cluster = Buffer.from(page).indexOf(Buffer.from("1f43b675", "hex"));
  // SimpleBlocks of track 1 that hold one byte each: 120 ms of nothing (two frames of 60 ms, coded as silence).
  const block = Uint8Array.of(0xa3, 0x86, 0x81, 0, 0, 0x80, 0x19, 0x00);
  const head = Buffer.from("1f43b67501ffffffffffffff", "hex"); // a cluster of unknown size
  const bomb = Buffer.concat([page.subarray(0, cluster), head, ...Array.from({ length: 100_000 }, () => block)]);
  const before = process.memoryUsage().rss;
  await assert.rejects(readThrough(decoder, bomb, { maxSeconds: 600 }), { reason: "audio_too_long" });
  assert.ok(process.memoryUsage().rss - before < 200_000_000);
  assert.deepEqual(deaths, []);
});
