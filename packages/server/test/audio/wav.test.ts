import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { VoxpoolError } from "../../dist/base/errors.js";
import { decodeAll, distance, inPieces, tone } from "./reading.ts";
import { alawTable, chunk, type Form, mulawTable, type WavOptions, writeWav } from "./wav-writer.ts";

const decoder = createAudioDecoder({ workers: 1 });
after(() => decoder.close());

const signal = tone(440, 16_000, 0.1);
/** What a form loses at most: half a step, and for the laws 1/32 of the value. */
const loss: Readonly<Record<Form, number>> = {
  u8: 1 / 256 + 1e-7,
  s16: 1 / 65_536 + 1e-7,
  s24: 1e-6,
  s32: 1e-7,
  f32: 0,
  f64: 0,
  alaw: 0.02,
  mulaw: 0.02,
};

const note = chunk("LIST", Buffer.from("INFOISFT\x05\0\0\0voice\0", "latin1"));
const odd = chunk("bext", Buffer.from("abc"));
const unpadded = odd.subarray(0, odd.length - 1);

const table: readonly (readonly [name: string, options: WavOptions])[] = [
  ...(Object.keys(loss) as Form[]).flatMap((form): [string, WavOptions][] => [
    [form, { form }],
    [`${form}, extensible`, { form, extensible: true }],
    [`${form}, big-endian`, { form, bigEndian: true }],
    [`${form}, RF64`, { form, kind: "RF64" }],
  ]),
  ["BW64", { kind: "BW64" }],
  ["20 bits in 24", { form: "s24", bits: 20 }],
  ["12 bits in 16", { form: "s16", bits: 12 }],
  ["chunks before and after", { before: [note, odd], after: [note, odd] }],
  ["an odd chunk without its padding", { before: [unpadded] }],
  ["a big unknown chunk before", { before: [chunk("junk", new Uint8Array(300_001))] }],
  ["size 0", { dataSize: 0, riffSize: 36 }],
  ["size 0 and file size 0", { dataSize: 0, riffSize: 0 }],
  ["size 2^32 - 1", { dataSize: 0xffff_ffff, riffSize: 0xffff_ffff }],
  ["size of sox in a pipe", { dataSize: 0x7fff_f000, riffSize: 0x7fff_f024 }],
  ["size of arecord", { dataSize: 0x8000_0000, riffSize: 0x8000_0024 }],
  ["a header that promises more", { dataSize: 3_200_000, riffSize: 3_200_036 }],
  ["a header that promises hours", { dataSize: 0x7000_0000, riffSize: 0x7000_0024 }],
];

for (const [name, options] of table) {
  test(`reads WAV: ${name}`, async () => {
    const bytes = writeWav(signal, options);
    const whole = await decodeAll(decoder, bytes);
    assert.equal(whole.length, signal.length);
    assert.ok(distance(whole, signal) <= loss[options.form ?? "s16"], `off by ${distance(whole, signal)}`);
    assert.deepEqual(await decodeAll(decoder, inPieces(bytes, 1, 2, 3, 7, 100, 1000)), whole, "in small pieces");
  });
}

for (const [form, codes] of [
  ["alaw", alawTable],
  ["mulaw", mulawTable],
] as const) {
  test(`every code of ${form} has the value of G.711`, async () => {
    const bytes = writeWav(new Float32Array(256), { form });
    bytes.set(
      Uint8Array.from(codes, (_, code) => code),
      bytes.length - 256,
    );
    assert.equal(distance(await decodeAll(decoder, bytes), codes), 0);
  });
}

test("G.711 in numbers: the loudest and the softest codes", async () => {
  assert.deepEqual(
    await Promise.all([0xaa, 0x2a, 0xd5, 0x55].map((code) => decodedCode("alaw", code))),
    [32_256, -32_256, 8, -8],
  );
  assert.deepEqual(
    await Promise.all([0x80, 0x00, 0xfe, 0x7e].map((code) => decodedCode("mulaw", code))),
    [32_124, -32_124, 8, -8],
  );
});

/** What one code becomes, as 16 bits. */
async function decodedCode(form: "alaw" | "mulaw", code: number): Promise<number> {
  const bytes = writeWav([0, 0], { form });
  bytes[44] = code;
  return ((await decodeAll(decoder, bytes))[0] ?? 0) * 32_768;
}

for (const channels of [2, 3, 6, 64]) {
  test(`${channels} channels become their mean`, async () => {
    const frames = Float32Array.from({ length: 800 * channels }, (_, n) => Math.sin(n) * 0.9);
    const expected = Float32Array.from({ length: 800 }, (_, frame) => {
      const part = frames.subarray(frame * channels, (frame + 1) * channels);
      return part.reduce((sum, value) => sum + value, 0) / channels;
    });
    const got = await decodeAll(decoder, writeWav(frames, { channels, form: "f32" }));
    assert.equal(got.length, 800);
    assert.ok(distance(got, expected) < 1e-6);
  });
}

test("a float that is no number is silence, one out of range is clipped", async () => {
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 7, -1e30, 0.25];
  for (const form of ["f32", "f64"] as const) {
    assert.deepEqual([...(await decodeAll(decoder, writeWav(values, { form })))], [0, 0, 0, 1, -1, 0.25]);
    const fast = await decodeAll(
      decoder,
      writeWav(Array.from({ length: 4410 }, () => values).flat(), { form, rate: 44_100 }),
    );
    assert.ok(fast.every((value) => value >= -1 && value <= 1));
  }
});

test("what is missing at the end is missing, down to half a frame", async () => {
  const bytes = writeWav(signal, { channels: 2 });
  for (const cut of [1, 2, 3, 4, 401]) {
    const got = await decodeAll(decoder, bytes.subarray(0, bytes.length - cut));
    assert.equal(got.length, Math.floor((signal.length * 2 - cut) / 4));
  }
});

test("a file without samples gives none, and no error", async () => {
  assert.equal((await decodeAll(decoder, writeWav([]))).length, 0);
  assert.equal((await decodeAll(decoder, writeWav([], { after: [note] }))).length, 0);
});

test("the bytes that were given are left as they were", async () => {
  const bytes = writeWav(signal);
  const copy = bytes.slice();
  await decodeAll(decoder, bytes);
  assert.deepEqual(Buffer.compare(bytes, copy), 0);
});

test("raw PCM is read in both byte orders, with channels", async () => {
  const bytes = writeWav(signal).subarray(44);
  const raw = { rateHz: 16_000, channels: 1, littleEndian: true };
  assert.ok(distance(await decodeAll(decoder, bytes, { raw }), signal) < loss.s16);
  const swapped = Buffer.from(bytes).swap16();
  assert.ok(distance(await decodeAll(decoder, swapped, { raw: { ...raw, littleEndian: false } }), signal) < loss.s16);
  assert.equal((await decodeAll(decoder, bytes, { raw: { ...raw, channels: 2 } })).length, signal.length / 2);
  assert.equal((await decodeAll(decoder, bytes, { raw: { ...raw, rateHz: 8000 } })).length, signal.length * 2);
});

test("the header's length is known when the first samples are", async () => {
  assert.equal(await declared({}), 0.1);
  assert.equal(await declared({ kind: "RF64" }), 0.1);
  assert.equal(await declared({ dataSize: 0xffff_ffff }), undefined);
  assert.equal(await declared({ dataSize: 0, riffSize: 36 }), undefined);
  assert.equal(await declared({ dataSize: 0x7000_0000 }), undefined, "more than the limit cannot be true");
});

/** The declared length once the first samples are there. */
async function declared(options: WavOptions): Promise<number | undefined> {
  const audio = decoder.decode(inPieces(writeWav(signal, options), 1 << 20), { maxSeconds: 3600 });
  for await (const _ of audio.samples) return audio.declaredSeconds();
  return undefined;
}

const junk = (text: string) => Buffer.concat([Buffer.from(text, "latin1"), Buffer.alloc(600, 0x81)]);
const refused: readonly (readonly [what: string, bytes: Uint8Array, detail: RegExp])[] = [
  ["MP3", junk("\xff\xfb\x90\x00"), /MP3/],
  ["AAC", junk("\xff\xf1\x50\x80"), /AAC/],
  ["CAF", junk("caff\0\x01"), /CAF/],
  ["AMR", junk("#!AMR\n"), /AMR/],
  ["Windows Media", junk("\x30\x26\xb2\x75\x8e\x66\xcf\x11"), /Windows Media/],
  ["AVI", junk("RIFF\0\0\0\0AVI LIST"), /RIFF file that is no WAV/],
  ["HTML", Buffer.from("\n <!DOCTYPE html><title>not found</title>"), /HTML/],
  ["JSON", Buffer.from('{"error": "not found"}'), /JSON/],
  ["text", Buffer.from("你好，世界，这不是声音。".repeat(100)), /plain text/],
  ["a form", Buffer.from('--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n'), /form upload/],
  ["zeros", new Uint8Array(50_000_000), /zeros/],
  ["noise", Buffer.alloc(2000, "\x07\xee\x13"), /no kind of audio/],
  ["ADPCM in WAV", patched(20, 17), /IMA ADPCM/],
  ["MP3 in WAV", patched(20, 85), /MP3/],
  ["an unknown codec in WAV", patched(20, 0x4444), /codec 17476/],
  ["65 channels", patched(22, 65), /65 channels/],
  ["a rate that is too low", writeWav(signal, { rate: 999 }), /999/],
  ["a rate that is too high", writeWav(signal, { rate: 768_001 }), /768001/],
  ["64-bit integers", patched(34, 64), /64-bit/],
  ["16-bit floats", writeWav(signal, { form: "f32", bits: 16 }), /16-bit/],
];

function patched(at: number, value: number): Uint8Array {
  const bytes = Buffer.from(writeWav(signal));
  bytes.writeUInt16LE(value, at);
  return bytes;
}

for (const [what, bytes, detail] of refused) {
  test(`says what it is and what is read: ${what}`, async () => {
    const error = await decodeAll(decoder, bytes).catch((reason: unknown) => reason);
    assert.ok(error instanceof VoxpoolError);
    assert.equal(error.reason, "audio_unsupported");
    assert.match(String(error.details.detail), detail);
    assert.match(error.message, /WAV|PCM/);
  });
}

const broken: readonly (readonly [what: string, bytes: Uint8Array, reason: string])[] = [
  ["nothing", new Uint8Array(0), "audio_missing"],
  ["a header that ends early", writeWav(signal).subarray(0, 30), "audio_invalid"],
  ["a file that ends before its sound", writeWav(signal).subarray(0, 36), "audio_invalid"],
  ["sound before its format", Buffer.from("RIFF\0\0\0\0WAVEdata\x04\0\0\0abcd", "latin1"), "audio_invalid"],
  ["a format chunk of two bytes", Buffer.from("RIFF\0\0\0\0WAVEfmt \x02\0\0\0\x01\0data", "latin1"), "audio_invalid"],
  ["no channels", patched(22, 0), "audio_invalid"],
  [
    "bytes where a chunk should begin",
    Buffer.from("RIFF\0\0\0\0WAVE\x01\x02\x03\x04\x05\x06\x07\x08", "latin1"),
    "audio_invalid",
  ],
  [
    "a chunk of 4 GB before the sound",
    writeWav(signal, { before: [chunk("junk", new Uint8Array(4), true, 0xffff_fff0)] }),
    "audio_invalid",
  ],
];

for (const [what, bytes, reason] of broken) {
  test(`${what} is ${reason}`, async () => {
    await assert.rejects(decodeAll(decoder, bytes), { name: "VoxpoolError", reason });
    await assert.rejects(decodeAll(decoder, inPieces(bytes, 1)), { name: "VoxpoolError", reason });
  });
}
