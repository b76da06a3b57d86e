import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { silentLog } from "../../dist/base/log.js";
import { createSpool } from "../../dist/base/spool.js";
import { writeAiff } from "./aiff-writer.ts";
import { flacHeader, plainFlacFrame } from "./flac-writer.ts";
import { writeMatroska } from "./matroska-writer.ts";
import { writeFragments, writeMp4 } from "./mp4-writer.ts";
import { opusHead, writeOgg } from "./ogg-writer.ts";
import { flacParts, mp3Packets, opusPackets, paddedOpus, repeated } from "./packets.ts";
import { decodeAll, distance, inPieces, tone } from "./reading.ts";
import { amplitudeAt, hasFfmpeg, likeness, noFfmpeg, recording } from "./recordings.ts";
import { chunk, writeWav } from "./wav-writer.ts";

const troubles: string[] = [];
const log = { ...silentLog, error: (_: unknown, message: string) => troubles.push(message) };
const directory = mkdtempSync(join(tmpdir(), "voxpool-long-"));
const spool = createSpool({ directory, limitBytes: 50_000_000 });
const decoder = createAudioDecoder({ workers: 2, log, spool });
after(async () => {
  await decoder.close();
  assert.deepEqual(readdirSync(directory), []);
  rmSync(directory, { recursive: true, force: true });
});

/** What a worker is handed at once; a file of less than that is never cut. */
const pieceBytes = 262_144;

// Of the recordings, over and over. Padding makes a file long that takes no time to decode.
const times = 12;
const opus = repeated(
  opusPackets().map((packet) => paddedOpus(packet, 900)),
  times,
);
const opusFrames = (opus.length / times) * 320;
const mp3 = repeated(mp3Packets("speech.mp3"), 75);
const flac = flacParts();
const samples = tone(500, 16_000, 20);

interface Long {
  readonly what: string;
  readonly file: Uint8Array;
  /** 16 kHz samples of one turn, and how many turns there are. */
  readonly turn: number;
  readonly turns: number;
  readonly needsFfmpeg?: boolean;
}

const big16 = Buffer.from(Int16Array.from(samples, (value) => value * 32_767).buffer).swap16();
const note = chunk("LIST", Buffer.alloc(600_001, "note "));
const files: readonly Long[] = [
  { what: "WAV", file: writeWav(samples, { before: [note] }), turn: 16_000, turns: 20 },
  { what: "AIFF", file: writeAiff(big16, { bits: 16, noteBytes: 600_001 }), turn: 16_000, turns: 20 },
  { what: "Ogg", file: writeOgg(opus), turn: opusFrames, turns: times },
  {
    what: "Ogg of joined files",
    file: Buffer.concat(repeated([recording("vorbis.ogg")], 90)),
    turn: 24_000,
    turns: 90,
  },
  {
    what: "Matroska",
    file: writeMatroska({ codec: "A_OPUS", header: opusHead, rateHz: 48_000 }, opus, 40),
    turn: opusFrames,
    turns: times,
  },
  { what: "MP4", file: writeMp4(opus), turn: opusFrames, turns: times },
  { what: "MP4 in fragments", file: writeFragments(opus, 50), turn: opusFrames, turns: times },
  { what: "MP3", file: Buffer.concat(mp3), turn: (mp3.length / 75) * 576, turns: 75 },
  { what: "FLAC", file: Buffer.concat([flac.header, ...repeated([flac.frames], 120)]), turn: 8000, turns: 120 },
  { what: "AAC", file: Buffer.concat(repeated([recording("speech.aac")], 64)), turn: 0, turns: 64, needsFfmpeg: true },
];

for (const { what, file, turn, turns, needsFfmpeg = false } of files) {
  test(`a long file is read to its end, however it arrives: ${what}`, {
    skip: needsFfmpeg && !hasFfmpeg && noFfmpeg,
  }, async () => {
    assert.ok(file.length > 1.2 * pieceBytes, `${file.length} bytes`);
    const whole = await decodeAll(decoder, file);
    const one = turn === 0 ? Math.round(whole.length / turns) : turn;
    assert.ok(Math.abs(whole.length - one * turns) <= 0.02 * one, `${whole.length} of ${one * turns}`);
    const ofTurn = (n: number) => whole.subarray(n * one, (n + 1) * one);
    for (const n of [Math.floor(turns / 2), turns - 1]) {
      assert.ok(likeness(ofTurn(1), ofTurn(n)) > 0.95, `turn ${n} is alike by ${likeness(ofTurn(1), ofTurn(n))}`);
    }
    for (const size of [pieceBytes, 50_001]) {
      const again = await decodeAll(decoder, inPieces(file, size));
      assert.equal(again.length, whole.length);
      assert.ok(distance(again, whole) < 0.05, `differs by ${distance(again, whole)} in pieces of ${size}`);
    }
    assert.deepEqual(troubles, []);
  });
}

// Half a megabyte each: more than a worker is handed at once.
const wide = Array.from({ length: 8 }, (_, channel) =>
  Int16Array.from(tone(500 + 100 * channel, 16_000, 2), (value) => value * 32_767),
);
const frames = [0, 1, 2].map((number) => plainFlacFrame(wide, number));
const header = flacHeader(16_000, 8);
const large: Readonly<Record<string, Uint8Array>> = {
  FLAC: Buffer.concat([header, ...frames]),
  Matroska: writeMatroska({ codec: "A_FLAC", header, rateHz: 16_000, channels: 8 }, frames),
};

for (const [what, file] of Object.entries(large)) {
  test(`packets that are larger than a piece are read: ${what}`, async () => {
    for (const size of [file.length, 70_000]) {
      const first = await decodeAll(decoder, inPieces(file, size), { channels: "first" });
      assert.equal(first.length, 96_000);
      for (const from of [0, 64_000]) assert.ok(amplitudeAt(first.subarray(from, from + 32_000), 500) > 0.49);
    }
  });
}

test("a tag that is longer than a piece is passed over, of a file that is there at once", async () => {
  const size = [21, 14, 7, 0].map((shift) => (600_000 >> shift) & 127);
  const tag = Buffer.concat([Buffer.from("ID3\x04\0\0", "latin1"), Buffer.from(size), Buffer.alloc(600_000)]);
  const plain = Buffer.concat(mp3);
  assert.equal(
    (await decodeAll(decoder, Buffer.concat([tag, plain]))).length,
    (await decodeAll(decoder, plain)).length,
  );
});

test("MP3 that changes between mono and stereo keeps every frame, and its delay is taken out once", async () => {
  const stereo = recording("stereo.mp3");
  // 64 kbit/s at 44.1 kHz, mono, and nothing to hear.
  const silence = new Uint8Array(208);
  silence.set([0xff, 0xfb, 0x50, 0xc0]);
  const file = Buffer.concat([stereo, ...repeated([silence], 20), ...mp3Packets("stereo.mp3")]);
  const alone = await decodeAll(decoder, stereo);
  const all = await decodeAll(decoder, file);
  const more = ((20 + mp3Packets("stereo.mp3").length) * 1152 * 16_000) / 44_100;
  assert.ok(Math.abs(all.length - alone.length - more) < 8, `${all.length - alone.length} of ${more}`);
});

test("MP3 that changes its rate keeps every frame", async () => {
  const [one, other] = [recording("speech.mp3"), mp3Packets("stereo.mp3")];
  const alone = await decodeAll(decoder, one);
  const all = await decodeAll(decoder, Buffer.concat([one, ...other, ...mp3Packets("speech.mp3")]));
  const more = (other.length * 1152 * 16_000) / 44_100 + mp3Packets("speech.mp3").length * 576;
  assert.ok(Math.abs(all.length - alone.length - more) < 8, `${all.length - alone.length} of ${more}`);
});

test("what MP3 frames say wins over their container", async () => {
  const packets = mp3Packets("speech.mp3");
  const right = await decodeAll(decoder, writeMatroska({ codec: "A_MPEG/L3", rateHz: 16_000 }, packets));
  const wrong = await decodeAll(decoder, writeMatroska({ codec: "A_MPEG/L3", rateHz: 44_100, channels: 2 }, packets));
  assert.ok(right.length > 20_000 && wrong.length === right.length, `${wrong.length} of ${right.length}`);
  assert.ok(distance(right, wrong) < 1e-5);
});
