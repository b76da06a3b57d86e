import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAudioContentType } from "../../dist/audio/content-type.js";
import { VoxpoolError } from "../../dist/base/errors.js";

const raw = (rateHz: number, channels = 1, littleEndian = true) => ({ raw: { rateHz, channels, littleEndian } });

const table: readonly (readonly [header: string, expected: ReturnType<typeof parseAudioContentType>])[] = [
  ["audio/wav", {}],
  ["audio/x-wav", {}],
  ["audio/wave", {}],
  ["audio/vnd.wave; codec=1", {}],
  ["Audio/WAV", {}],
  ["application/octet-stream", {}],
  ["audio/mpeg", {}],
  ['audio/webm;codecs="opus"', {}],
  ["video/mp4", {}],
  ["audio/pcm;rate=16000;channels=1", raw(16_000)],
  ["audio/pcm;rate=8000", raw(8000)],
  ["AUDIO/PCM ; Rate=44100 ;\tCHANNELS=2", raw(44_100, 2)],
  ['audio/pcm; rate="48000"; channels="\\2"', raw(48_000, 2)],
  ["audio/pcm;rate=16000;;", raw(16_000)],
  ['audio/pcm;rate=16000;note="a;b, c=d"', raw(16_000)],
  ["audio/pcm;rate=16000;rate=8000", raw(16_000)],
  ["audio/pcm;rate=16000;endianness=big-endian", raw(16_000, 1, false)],
  ["audio/pcm;rate=16000;bits=16", raw(16_000)],
  ["audio/l16;rate=16000", raw(16_000, 1, false)],
  ["audio/L16; rate=44100; channels=2", raw(44_100, 2, false)],
  ["audio/L16;rate=16000;endianness=Little-Endian", raw(16_000, 1, true)],
  ["text/html", undefined],
  ["application/json", undefined],
  ["multipart/form-data; boundary=x", undefined],
  ["", undefined],
  ["audio", undefined],
  ["audio/", undefined],
  ["audio/wav, audio/pcm", undefined],
  ["audio/pcm;rate=1 6000", undefined],
  ['audio/pcm;rate="16000', undefined],
];

for (const [header, expected] of table) {
  test(`reads ${JSON.stringify(header)}`, () => assert.deepEqual(parseAudioContentType(header), expected));
}

const bad: readonly (readonly [header: string, option: string, detail: RegExp])[] = [
  ["audio/pcm", "rate", /send audio\/pcm;rate=16000;channels=1/],
  ["audio/l16;channels=2", "rate", /send audio\/l16;rate=16000;channels=1/],
  ["audio/pcm;rate=0", "rate", /1000 to 768000/],
  ["audio/pcm;rate=999", "rate", /"999"/],
  ["audio/pcm;rate=1e4", "rate", /"1e4"/],
  ["audio/pcm;rate=-16000", "rate", /"-16000"/],
  ["audio/pcm;rate=16000.5", "rate", /whole number/],
  ["audio/pcm;rate=99999999999999999999", "rate", /whole number/],
  ["audio/pcm;rate=16000;channels=0", "channels", /1 to 64/],
  ["audio/pcm;rate=16000;channels=65", "channels", /1 to 64/],
  ["audio/pcm;rate=16000;channels=stereo", "channels", /"stereo"/],
  ["audio/pcm;rate=16000;bits=24", "bits", /16 bits/],
  ["audio/l16;rate=16000;endianness=middle", "endianness", /"middle"/],
];

for (const [header, option, detail] of bad) {
  test(`refuses ${JSON.stringify(header)} and says what to send`, () => {
    assert.throws(
      () => parseAudioContentType(header),
      (error) => {
        assert.ok(error instanceof VoxpoolError);
        assert.equal(error.reason, "option_invalid");
        assert.equal(error.details.option, option);
        assert.match(String(error.details.detail), detail);
        return true;
      },
    );
  });
}

test("any text at all is an answer or option_invalid", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.string().map((rest) => `audio/pcm;rate=${rest}`),
  );
  fc.assert(
    fc.property(text, (header) => {
      try {
        parseAudioContentType(header);
      } catch (error) {
        assert.ok(error instanceof VoxpoolError);
        assert.equal(error.reason, "option_invalid");
      }
    }),
  );
});

test("a header of 100 KB of anything is read in linear time", () => {
  for (const piece of [" ", ";", " ;", "a", '"', "\\", 'a="', ";a=b", ';a="\\"']) {
    parseAudioContentType(`audio/wav${piece.repeat(100_000 / piece.length)}`);
  }
});
