import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { flacHeaderBytes } from "../../dist/audio/containers/flac-frame.js";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { silentLog } from "../../dist/base/log.js";
import { createSpool } from "../../dist/base/spool.js";
import { flacHeader, silentFlacFrame, undecodableFlacFrame } from "./flac-writer.ts";
import { lacedBlock, writeBlocks, writeMatroska } from "./matroska-writer.ts";
import { box, numbers, writeMp4 } from "./mp4-writer.ts";
import { oggPage, opusHead, writeOgg } from "./ogg-writer.ts";
import { flacParts, mp3Packets, opusPackets, repeated } from "./packets.ts";
import { decodeAll, inPieces, readThrough } from "./reading.ts";
import { hasFfmpeg, noFfmpeg, recording } from "./recordings.ts";

const deaths: string[] = [];
const log = { ...silentLog, error: (_: unknown, message: string) => deaths.push(message) };
const directory = mkdtempSync(join(tmpdir(), "voxpool-hostile-"));
const spool = createSpool({ directory, limitBytes: 100_000_000 });
// A step that hangs shows as the death of its thread.
const decoder = createAudioDecoder({ workers: 1, log, spool, path: "" });
after(async () => {
  await decoder.close();
  assert.deepEqual(readdirSync(directory), []);
  rmSync(directory, { recursive: true, force: true });
});

/** Refused as damaged, with these words, at little cost of memory, and with no thread lost. */
async function refused(file: Uint8Array, detail: RegExp, maxSeconds = 21_600): Promise<void> {
  const before = process.memoryUsage().rss;
  await assert.rejects(readThrough(decoder, file, { maxSeconds }), (error: { reason: string; message: string }) => {
    assert.match(error.message, detail);
    assert.ok(["audio_invalid", "audio_unsupported"].includes(error.reason), error.reason);
    return true;
  });
  assert.deepEqual(deaths.splice(0), []);
  assert.ok(process.memoryUsage().rss - before < 200_000_000);
}

const rates = [0, 0.5, 1, 30, 999, 7999, -8000, 1e300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

for (const rateHz of rates) {
  test(`MP3 in Matroska that says ${rateHz} samples a second is refused`, async () => {
    await refused(writeMatroska({ codec: "A_MPEG/L3", rateHz }, mp3Packets("speech.mp3")), /MP3.*samples a second/);
  });
}

for (const rateHz of [0, 1, 30, 999]) {
  test(`FLAC of ${rateHz} samples a second is refused in Matroska, in Ogg, and alone`, async () => {
    const header = flacHeader(rateHz);
    const frames = Array.from({ length: 100 }, (_, n) => silentFlacFrame(n, 0));
    await refused(writeMatroska({ codec: "A_FLAC", header, rateHz: 16_000 }, frames), /FLAC.*samples a second/);
    const mapping = Buffer.concat([Buffer.from([0x7f, 0x46, 0x4c, 0x41, 0x43, 1, 0, 0, 1]), header]);
    await refused(Buffer.concat([oggPage([mapping], { isFirst: true }), oggPage(frames)]), /FLAC.*samples a second/);
    await refused(Buffer.concat([header, ...frames]), /FLAC.*samples a second/);
  });
}

test("packets of FLAC that are laced into a block are bounded together, at the rate of the file and at ours", async () => {
  const frames = Array.from({ length: 256 }, (_, n) => silentFlacFrame(n % 128, 0));
  const wide = { codec: "A_FLAC", header: flacHeader(1000), rateHz: 1000 };
  await refused(writeBlocks(wide, [lacedBlock(frames)]), /more sound than can be true/);
});

test("frames of FLAC that are named by their headers only cost as much as they have bytes", async () => {
  // Headers that fit, of the largest blocks, and no end that would fit to them.
  const frame = silentFlacFrame(1, 8).subarray(0, -1);
  const unit = Buffer.concat([frame, Buffer.from([0x55])]);
  await refused(Buffer.concat([flacHeader(16_000), ...repeated([unit], 60_000)]), /have no end|no sound/);
});

test("thousands of streams in an Ogg file, with a packet each, are refused", async () => {
  const [packet = new Uint8Array(0)] = opusPackets();
  const stream = (serial: number) => writeOgg([packet.subarray(0, 20)], serial);
  await refused(Buffer.concat(Array.from({ length: 20_000 }, (_, n) => stream(n))), /anew too often/);
});

test("frames of MP3 that change between mono and stereo all the time are refused", async () => {
  const [mono, stereo] = [mp3Packets("speech.mp3"), mp3Packets("stereo.mp3")];
  const frames = mono.slice(0, 30).flatMap((frame, n) => [frame, stereo[n] ?? frame]);
  const blocks = repeated(frames, 100);
  await refused(writeMatroska({ codec: "A_MPEG/L3", rateHz: 16_000 }, blocks), /anew too often/);
});

test("an MP3 file that begins anew with every frame is refused", async () => {
  const [bytes, [frame = new Uint8Array(0), ...others]] = [recording("speech.mp3"), mp3Packets("speech.mp3")];
  const start = bytes.subarray(20, bytes.length - Buffer.concat([frame, ...others]).length);
  await refused(Buffer.concat([bytes, ...repeated([start, frame], 20_000)]), /anew too often/);
});

test("an MP4 of thousands of tracks is refused", async () => {
  const track = box("trak", box("mdia", box("hdlr", numbers(0, 0), Buffer.from("soun"))));
  const file = [box("ftyp", Buffer.from("isom")), box("moov", ...repeated([track], 100_000))];
  await refused(Buffer.concat(file), /too many tracks/);
});

test("an MP4 of millions of chunks that are all one byte is refused", async () => {
  const count = 3_900_000;
  const file = writeMp4([Uint8Array.of(0x18)], {
    chunks: Array.from({ length: count }, () => 0),
    perChunk: 1,
    same: [1, count],
  });
  await refused(file, /in each other/);
});

test("an MP4 of packets that are strewn over the file is read", async () => {
  const count = 10_000;
  const sound = Buffer.alloc(count * 16);
  for (let n = 0; n < count; n++) sound[n * 16] = 0x08; // 20 ms of nothing
  const file = writeMp4([sound], {
    chunks: Array.from({ length: count }, (_, n) => 16 * n),
    perChunk: 1,
    same: [1, count],
  });
  assert.equal((await decodeAll(decoder, file)).length, count * 320);
});

test("an MP4 of an Opus packet in each byte is refused", async () => {
  const sound = new Uint8Array(179_000).fill(0x18);
  await refused(writeMp4([sound], { same: [1, sound.length] }), /so few bytes/);
});

test("an MP4 of packets that are no Opus is refused", async () => {
  const sound = new Uint8Array(400_000).fill(0x03);
  await refused(writeMp4([sound], { same: [1, sound.length] }), /hardly any sound/);
});

test("an MP4 of nothing but empty boxes is refused", async () => {
  const file = Buffer.concat([box("ftyp", Buffer.from("isom")), ...repeated([box("free")], 1_200_000)]);
  await refused(file, /too many parts/);
});

const hour = 900;

test("FLAC that holds hours in some kilobytes is refused long before they are decoded", async () => {
  const frames = Array.from({ length: 6 * hour }, (_, n) => silentFlacFrame(n % 2000));
  await refused(Buffer.concat([flacHeader(16_000), ...frames]), /so few bytes/);
});

test("FLAC of which nothing can be decoded is refused, and not taken for silence", async () => {
  const frames = Array.from({ length: 20 }, (_, n) => undecodableFlacFrame(n));
  await refused(Buffer.concat([flacHeader(16_000), ...frames]), /nothing of its FLAC could be decoded/);
});

test("damaged FLAC never brings anything down, and keeps its place wherever its frames are found by the container", async () => {
  const { header, frames } = flacParts();
  const packets = splitFlac([frames]);
  const seconds = (await decodeAll(decoder, writeMatroska({ codec: "A_FLAC", header, rateHz: 16_000 }, packets)))
    .length;
  let seed = 5;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  for (let round = 0; round < 6; round++) {
    // Behind the header of each frame, which says how long it is.
    const damagedPackets = packets.map((packet) => packet.slice());
    for (let n = 0; n < 1 + 3 * (round % 4); n++) {
      const packet = damagedPackets[random(packets.length)] as Uint8Array;
      const at = 16 + random(packet.length - 16);
      packet[at] = (packet[at] ?? 0) ^ (1 + random(255));
    }
    const file = writeMatroska({ codec: "A_FLAC", header, rateHz: 16_000 }, damagedPackets);
    const once = await decodeAll(decoder, file);
    assert.equal(once.length, seconds);
    assert.deepEqual(await decodeAll(decoder, inPieces(file, 3000)), once, "however it arrives");
  }
  assert.deepEqual(deaths, []);
});

/** The frames one by one: they are all of one size of block, and their numbers follow each other. */
function splitFlac(parts: readonly Uint8Array[]): Uint8Array[] {
  return parts.flatMap((bytes) => {
    const starts: number[] = [];
    for (let at = 0; at < bytes.length - 16; at++) {
      if (flacHeaderBytes(bytes, at) !== undefined && bytes[at + 4] === starts.length) starts.push(at);
    }
    return starts.map((start, n) => bytes.slice(start, starts[n + 1] ?? bytes.length));
  });
}

test("FLAC of which a part can be decoded keeps its length", async () => {
  const frames = Array.from({ length: 20 }, (_, n) => (n < 10 ? silentFlacFrame(n) : undecodableFlacFrame(n)));
  const samples = await decodeAll(decoder, Buffer.concat([flacHeader(16_000), ...frames]));
  assert.ok(samples.length >= 10 * 65_535, `${samples.length}`);
});

test("a quarter of an hour of silence in FLAC is read, in the largest blocks that are usual", {
  skip: !hasFfmpeg && noFfmpeg,
}, async () => {
  const args = "-v error -f lavfi -i anullsrc=r=8000:cl=mono -t 900 -c:a flac -frame_size 16384 -f flac -".split(" ");
  const file = execFileSync("ffmpeg", args);
  assert.equal((await decodeAll(decoder, file)).length, 900 * 16_000);
});

test("two minutes of silence are read, however small they are", async () => {
  const frames = Array.from({ length: 29 }, (_, n) => silentFlacFrame(n));
  assert.equal((await decodeAll(decoder, Buffer.concat([flacHeader(16_000), ...frames]))).length, 29 * 65_535);
});

test("a FLAC header that promises more than the limit is refused before it is all there", async () => {
  const header = flacHeader(16_000);
  new DataView(header.buffer).setUint32(22, 16_000 * 7200);
  const sent = { count: 0 };
  async function* endless() {
    yield header;
    for (; ; sent.count++) yield Buffer.concat(repeated([flacParts().frames], 10));
  }
  await assert.rejects(decodeAll(decoder, endless(), { maxSeconds: 3600 }), { reason: "audio_too_long" });
  assert.ok(sent.count < 100, `${sent.count} pieces`);
});

const empty: Readonly<Record<string, Uint8Array>> = {
  "an MP4 without packets": writeMp4([]),
  "an MP4 whose packets lie behind its end": writeMp4([Uint8Array.of(1)], { chunks: [1_000_000] }),
  "an MP4 whose packets are no packets": writeMp4([Uint8Array.of(3, 3, 3)], { same: [1, 3] }),
  "a WebM without blocks": writeMatroska({ codec: "A_MPEG/L3", rateHz: 16_000 }, []),
  "a WebM whose blocks hold no frames": writeMatroska({ codec: "A_MPEG/L3", rateHz: 16_000 }, [new Uint8Array(400)]),
  "an Ogg file of headers": Buffer.concat([
    oggPage([opusHead], { isFirst: true }),
    oggPage([Buffer.from("OpusTags")], { isLast: true }),
  ]),
  "a FLAC file of a header": flacHeader(16_000),
};

for (const [what, file] of Object.entries(empty)) {
  test(`${what} holds no sound, and that is an error`, async () => refused(file, /no sound|before its sound/));
}

test("a header of MP4 that ends in the middle of a number is refused", async () => {
  await refused(Buffer.concat([box("ftyp", Buffer.from("isom")), box("moov", box("mvhd", numbers(0)))]), /MP4/);
});
