import assert from "node:assert/strict";
import { test } from "node:test";
import { usualLeastBytesASecond } from "../../dist/audio/codecs/codec.js";
import { flac } from "../../dist/audio/codecs/flac.js";
import { noEffort, spendPackets, spendStart } from "../../dist/audio/effort.js";

interface Silence {
  readonly what: string;
  readonly packetBytes: number;
  readonly packetSeconds: number;
  readonly leastBytesASecond?: number;
}

const usual = { maxSeconds: 21_600, leastBytesASecond: usualLeastBytesASecond };

// The leanest that encoders make of nothing to hear.
const silences: readonly Silence[] = [
  {
    what: "FLAC at 8 kHz, blocks of 16,384",
    packetBytes: 12,
    packetSeconds: 16_384 / 8000,
    leastBytesASecond: flac.leastBytesASecond,
  },
  { what: "FLAC at 8 kHz, blocks of 4608", packetBytes: 13, packetSeconds: 4608 / 8000 },
  { what: "FLAC at 48 kHz, blocks of 4096", packetBytes: 14, packetSeconds: 4096 / 48_000 },
  { what: "Vorbis at 8 and 16 kHz", packetBytes: 1, packetSeconds: 0.032 },
  { what: "Opus of 20 ms that is not sent on", packetBytes: 1, packetSeconds: 0.02 },
  { what: "Opus of 120 ms", packetBytes: 27, packetSeconds: 0.12 },
  { what: "AAC at 8 kHz", packetBytes: 6, packetSeconds: 0.128 },
];

for (const { what, packetBytes, packetSeconds, leastBytesASecond = usualLeastBytesASecond } of silences) {
  test(`six hours of silence are not too much: ${what}`, () => {
    const effort = noEffort();
    const minute = Array.from({ length: Math.round(60 / packetSeconds) }, () => new Uint8Array(packetBytes));
    for (let n = 0; n < 360; n++) spendPackets(effort, minute, 60, { maxSeconds: 21_601, leastBytesASecond });
    assert.equal(effort.seconds, 21_600);
  });
}

test("an hour in sixteen kilobytes is refused before half of it is decoded", () => {
  const effort = noEffort();
  const { leastBytesASecond } = flac;
  const minute = [new Uint8Array(Math.floor(16_384 / 60))];
  const read = (minutes: number) => {
    for (let n = 0; n < minutes; n++) spendPackets(effort, minute, 60, { maxSeconds: 21_601, leastBytesASecond });
  };
  assert.throws(() => read(30), { reason: "audio_invalid" });
});

test("packets of 2.5 ms and of small FLAC blocks at 192 kHz are not too many", () => {
  for (const seconds of [0.0025, 192 / 192_000]) {
    const effort = noEffort();
    const packets = Array.from({ length: 50_000 }, () => new Uint8Array(20));
    for (let n = 0; n < 10; n++) spendPackets(effort, packets, 50_000 * seconds, usual);
    assert.equal(effort.packets, 500_000);
  }
});

test("sixty clips of any length can be joined, and any number of half a second", () => {
  const effort = noEffort();
  for (let n = 0; n < 64; n++) spendStart(effort, 0.5);
  assert.throws(() => spendStart(effort, 0.5), { reason: "audio_invalid" });
  const long = noEffort();
  for (let n = 0; n < 5000; n++) {
    spendStart(long, 0.5);
    spendPackets(long, [new Uint8Array(1000)], 0.5, usual);
  }
});

test("what an edit leaves out is bounded by the limit, too", () => {
  const effort = noEffort();
  spendPackets(effort, [new Uint8Array(100_000)], 600, { ...usual, maxSeconds: 60 });
  assert.throws(() => spendPackets(effort, [new Uint8Array(100_000)], 61, { ...usual, maxSeconds: 60 }), {
    reason: "audio_too_long",
  });
});
