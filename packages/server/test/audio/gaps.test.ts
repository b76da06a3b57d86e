import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { flacHeader, plainFlacFrame } from "./flac-writer.ts";
import { type Track, writeMatroska, writeTimedMatroska } from "./matroska-writer.ts";
import { oggPage, opusHead, writeOgg } from "./ogg-writer.ts";
import { opusPackets } from "./packets.ts";
import { decodeAll, inPieces, tone } from "./reading.ts";
import { likeness } from "./recordings.ts";

const decoder = createAudioDecoder({ workers: 1 });
after(() => decoder.close());

const packets = opusPackets().slice(0, 75);
const track: Track = { codec: "A_OPUS", header: opusHead, rateHz: 48_000 };
/** Behind so many packets of 20 ms. */
const gapAt = 40;
const frames = 320;

/** All but some packets, at the times that they have with a pause of so many milliseconds. */
const timed = (pauseMs: number) => packets.map((packet, n) => [packet, 20 * n + (n >= gapAt ? pauseMs : 0)] as const);

function isWhole(samples: Float32Array, gapSeconds: number, plain: Float32Array): void {
  const [from, to] = [gapAt * frames, gapAt * frames + gapSeconds * 16_000];
  assert.equal(samples.length, plain.length + gapSeconds * 16_000);
  assert.ok(
    samples.subarray(from + 200, to).every((value) => value === 0),
    "silence",
  );
  assert.ok(likeness(samples.subarray(0, from), plain.subarray(0, from)) > 0.99);
  assert.ok(likeness(samples.subarray(to), plain.subarray(from)) > 0.95);
}

test("packets that are missing in Matroska are silence: what follows keeps its time", async () => {
  const plain = await decodeAll(decoder, writeMatroska(track, packets));
  for (const seconds of [2, 300]) {
    const file = writeTimedMatroska(track, timed(1000 * seconds));
    isWhole(await decodeAll(decoder, file), seconds, plain);
    isWhole(await decodeAll(decoder, inPieces(file, 900)), seconds, plain);
  }
});

test("pages that are missing in Ogg are silence", async () => {
  const plain = await decodeAll(decoder, writeOgg(packets));
  const pages = packets.map((packet, n) => oggPage([packet], { granule: 960 * (n + 1) + (n >= gapAt ? 96_000 : 0) }));
  const heads = [oggPage([opusHead], { isFirst: true }), oggPage([Buffer.from("OpusTags")])];
  const file = Buffer.concat([...heads, ...pages]);
  isWhole(await decodeAll(decoder, file), 2, plain);
  isWhole(await decodeAll(decoder, inPieces(file, 100)), 2, plain);
});

test("a clock that is not exact, is set back, or jumps further than can be true changes nothing", async () => {
  const plain = await decodeAll(decoder, writeMatroska(track, packets));
  const clocks: readonly (readonly [string, (n: number) => number])[] = [
    ["not exact", (n) => 20 * n + (n % 7) * 20],
    ["set back", (n) => (n < gapAt ? 100_000 + 20 * n : 20 * (n - gapAt))],
    ["far", (n) => 20 * n + (n >= gapAt ? 10_000_000 : 0)],
    ["without end", (n) => (n >= gapAt ? Number.MAX_SAFE_INTEGER : 20 * n)],
  ];
  for (const [what, clock] of clocks) {
    const file = writeTimedMatroska(
      track,
      packets.map((packet, n) => [packet, clock(n)] as const),
    );
    assert.equal((await decodeAll(decoder, file)).length, plain.length, what);
  }
});

test("silence counts against the length, and a file asks for ten minutes of it and its own length at most", async () => {
  const file = writeTimedMatroska(track, timed(100_000));
  await assert.rejects(decodeAll(decoder, file, { maxSeconds: 60 }), { reason: "audio_too_long" });
  const apart = packets.map((packet, n) => [packet, 500_000 * n] as const);
  const samples = await decodeAll(decoder, writeTimedMatroska(track, apart));
  assert.ok(samples.length < 16_000 * 605, `${samples.length / 16_000} s`);
});

test("a gap is silence in every channel, at whatever rate", async () => {
  const both = [300, 700].map((hz) => Int16Array.from(tone(hz, 48_000, 0.5), (value) => value * 32_767));
  const stereo: Track = { codec: "A_FLAC", header: flacHeader(48_000, 2), rateHz: 48_000, channels: 2 };
  const file = writeTimedMatroska(stereo, [
    [plainFlacFrame(both, 0), 0],
    [plainFlacFrame(both, 1), 3500],
  ]);
  const samples = await decodeAll(decoder, file, { channels: "split" });
  assert.equal(samples.length, 4 * 16_000);
});
