import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { silentLog } from "../../dist/base/log.js";
import { decodeAll, decodeChannels, distance, inPieces } from "./reading.ts";
import { amplitudeAt, hasFfmpeg, likeness, noFfmpeg, original, recording } from "./recordings.ts";

const troubles: string[] = [];
const log = { ...silentLog, error: (_: unknown, message: string) => troubles.push(message) };
const decoder = createAudioDecoder({ workers: 2, log });
after(() => decoder.close());

interface Case {
  readonly name: string;
  readonly seconds: number;
  /** Of a whole file and of one in pieces: where the steps of a lossy codec begin is heard a little. */
  readonly tolerance: number;
  readonly declared?: number;
}

const cases: readonly Case[] = [
  { name: "speech.mp3", seconds: 1.5, tolerance: 1e-5, declared: 1.5 },
  { name: "speech.flac", seconds: 0.5, tolerance: 0, declared: 0.5 },
  { name: "vorbis.ogg", seconds: 1.5, tolerance: 1e-5 },
  { name: "opus.ogg", seconds: 1.5, tolerance: 0.02 },
  { name: "flac.ogg", seconds: 0.5, tolerance: 0 },
  { name: "opus.webm", seconds: 1.5, tolerance: 0.02, declared: 1.5 },
  { name: "vorbis.webm", seconds: 1.5, tolerance: 1e-5, declared: 1.5 },
  { name: "opus.mp4", seconds: 1.5, tolerance: 0.02, declared: 1.5 },
];

const aac: readonly Case[] = [
  { name: "aac.m4a", seconds: 1.5, tolerance: 0.02, declared: 1.5 },
  { name: "aac-fragments.mp4", seconds: 1.5, tolerance: 0.02 },
  { name: "aac.mka", seconds: 1.5, tolerance: 0.02, declared: 1.5 },
  { name: "speech.aac", seconds: 1.5, tolerance: 0.02 },
];

for (const { name, seconds, tolerance, declared } of [...cases, ...aac]) {
  const skip = aac.some((one) => one.name === name) && !hasFfmpeg ? noFfmpeg : false;
  test(`${name} is read, with its length, its words and its place in time`, { skip }, async () => {
    const bytes = recording(name);
    const samples = await decodeAll(decoder, bytes);
    // Raw AAC has a run-up that nothing tells of.
    const most = name === "speech.aac" || name === "aac-fragments.mp4" || name === "aac.mka" ? 0.13 : 0.05;
    assert.ok(Math.abs(samples.length / 16_000 - seconds) <= most, `${samples.length / 16_000} seconds`);
    const late = most > 0.05 ? samples.subarray(1024) : samples;
    assert.ok(likeness(original(seconds), late) > 0.9, `alike by ${likeness(original(seconds), late)}`);
    for (const size of [1, 700]) {
      const again = await decodeAll(decoder, inPieces(bytes, size));
      assert.equal(again.length, samples.length);
      assert.ok(distance(again, samples) <= tolerance, `differs by ${distance(again, samples)}`);
    }
    const audio = decoder.decode(inPieces(bytes, 4096), { maxSeconds: 60 });
    for await (const _ of audio.samples);
    const told = audio.declaredSeconds();
    if (declared === undefined) assert.equal(told, undefined);
    else assert.ok(told !== undefined && Math.abs(told - declared) < 0.1, `declared ${told}`);
    assert.deepEqual(troubles, []);
  });
}

for (const name of ["stereo.ogg", "stereo.mp3"]) {
  test(`${name} is split into its channels, mixed, or its first is taken`, async () => {
    const split = await decodeChannels(decoder, inPieces(recording(name), 900), { channels: "split" });
    assert.equal(split.length, 2);
    const [left, right] = split as [Float32Array, Float32Array];
    assert.ok(amplitudeAt(left, 300) > 20 * amplitudeAt(left, 700));
    assert.ok(amplitudeAt(right, 700) > 20 * amplitudeAt(right, 300));
    const first = await decodeAll(decoder, recording(name), { channels: "first" });
    assert.ok(amplitudeAt(first, 300) > 20 * amplitudeAt(first, 700));
    const mix = await decodeAll(decoder, recording(name));
    assert.ok(Math.abs(amplitudeAt(mix, 300) * 2 - amplitudeAt(left, 300)) < 0.01);
    assert.ok(Math.abs(amplitudeAt(mix, 700) * 2 - amplitudeAt(right, 700)) < 0.01);
  });
}

/** An ID3v2.4 tag of so many bytes. */
function tag(bytes: number): Uint8Array {
  const size = [21, 14, 7, 0].map((shift) => (bytes >> shift) & 127);
  return Buffer.concat([Buffer.from("ID3\x04\0\0", "latin1"), Buffer.from(size), Buffer.alloc(bytes, 0xff)]);
}

test("a tag in front is passed over, be it a megabyte; what follows is recognised by itself", async () => {
  const plain = recording("speech.mp3").subarray(45);
  const alone = await decodeAll(decoder, plain);
  const tagged = await decodeAll(decoder, Buffer.concat([tag(1_200_000), plain]));
  assert.ok(tagged.length === alone.length && distance(tagged, alone) < 1e-5);
  const twice = await decodeAll(decoder, inPieces(Buffer.concat([tag(300), tag(20), plain]), 11));
  assert.ok(twice.length === alone.length && distance(twice, alone) < 1e-5);
  const flac = recording("speech.flac");
  assert.deepEqual(await decodeAll(decoder, Buffer.concat([tag(5000), flac])), await decodeAll(decoder, flac));
});

test("a tag and nothing else is audio_invalid", async () => {
  for (const bytes of [tag(100), tag(100).subarray(0, 50)]) {
    await assert.rejects(decodeAll(decoder, bytes), { reason: "audio_invalid" });
    await assert.rejects(decodeAll(decoder, inPieces(bytes, 3)), { reason: "audio_invalid" });
  }
});

test("an MP3 stream that was joined in the middle of a frame is read from the next frame on", async () => {
  const bytes = recording("speech.mp3");
  const samples = await decodeAll(decoder, bytes.subarray(1000));
  assert.ok(samples.length > 16_000 && samples.length < 1.5 * 16_000);
});

test("MP3 files that were joined are read one after the other", async () => {
  const one = recording("speech.mp3");
  const alone = await decodeAll(decoder, one);
  const both = await decodeAll(decoder, Buffer.concat([one, one]));
  assert.ok(Math.abs(both.length - 2 * alone.length) < 1600, `${both.length} of ${alone.length}`);
  assert.ok(likeness(alone, both.subarray(both.length - alone.length)) > 0.9);
});

test("Ogg files that were joined are read one after the other, of another codec too", async () => {
  const one = recording("opus.ogg");
  const other = recording("vorbis.ogg");
  const [first, second] = [await decodeAll(decoder, one), await decodeAll(decoder, other)];
  const both = await decodeAll(decoder, Buffer.concat([one, other]));
  assert.equal(both.length, first.length + second.length);
  assert.ok(distance(both.subarray(first.length), second) < 1e-5);
});

for (const [what, behind] of [
  ["an ID3v1 tag", Buffer.concat([Buffer.from("TAG"), Buffer.alloc(125, 65)])],
  ["an APE tag", Buffer.concat([Buffer.from("APETAGEX"), Buffer.alloc(60_000, 1)])],
  ["zeros", Buffer.alloc(300)],
  ["the beginning of another file", recording("speech.flac").subarray(0, 30)],
] as const) {
  test(`a FLAC file with ${what} behind it loses nothing`, async () => {
    const flac = recording("speech.flac");
    const samples = await decodeAll(decoder, flac);
    for (const size of [100_000, 700]) {
      assert.deepEqual(await decodeAll(decoder, inPieces(Buffer.concat([flac, behind]), size)), samples);
    }
  });
}

test("FLAC files that were joined are read one after the other, with a tag between them or not", async () => {
  const one = recording("speech.flac");
  const alone = await decodeAll(decoder, one);
  for (const between of [Buffer.alloc(0), Buffer.concat([Buffer.from("TAG"), Buffer.alloc(125, 65)])]) {
    for (const size of [100_000, 700]) {
      const both = await decodeAll(decoder, inPieces(Buffer.concat([one, between, one]), size));
      assert.equal(both.length, 2 * alone.length);
      // At the seam the filters hear the end of the first one.
      assert.ok(distance(both.subarray(alone.length + 200), alone.subarray(200)) < 1e-5);
    }
  }
});

test("damage in the middle of a file costs the place where it is", async () => {
  for (const name of ["speech.mp3", "vorbis.ogg", "opus.ogg", "opus.webm"]) {
    const bytes = recording(name);
    const whole = await decodeAll(decoder, bytes);
    const middle = Math.floor(bytes.length * 0.7);
    const holed = Buffer.concat([bytes.subarray(0, middle), bytes.subarray(middle + 40)]);
    const samples = await decodeAll(decoder, holed).catch(() => new Float32Array(0));
    assert.ok(samples.length > whole.length / 8, `${name}: ${samples.length} of ${whole.length}`);
  }
});

test("a file that was cut off gives what is there", async () => {
  for (const name of ["speech.mp3", "opus.webm", "vorbis.webm"]) {
    const bytes = recording(name);
    const whole = await decodeAll(decoder, bytes);
    const samples = await decodeAll(decoder, bytes.subarray(0, bytes.length - 5));
    assert.ok(samples.length <= whole.length && samples.length > 0.9 * whole.length, name);
  }
});

test("MP4 that was cut off before its header says what is missing", async () => {
  const bytes = recording("opus.mp4");
  const error = await decodeAll(decoder, bytes.subarray(0, bytes.length / 2)).catch((reason: unknown) => reason);
  assert.match(String(error), /moov/);
});

test("Apple Lossless is named, and what is read instead", async () => {
  const error = await decodeAll(decoder, recording("alac.m4a")).catch((reason: unknown) => reason);
  assert.match(String(error), /Apple Lossless.*AAC, Opus/s);
});

test("sound beyond the limit is refused in every format", async () => {
  for (const { name, seconds } of cases) {
    await assert.rejects(decodeAll(decoder, recording(name), { maxSeconds: seconds / 2 }), {
      reason: "audio_too_long",
    });
  }
});
