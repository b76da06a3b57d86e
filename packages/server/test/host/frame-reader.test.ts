import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FrameReader, OutOfStep } from "../../dist/host/child/frame-reader.js";
import { flushCount, frameHeader, maxFrameSamples } from "../../dist/host/wire.js";

const frames = fc.array(
  fc.record({
    session: fc.integer({ min: 1, max: 2 ** 32 - 2 }),
    samples: fc.float32Array({ maxLength: 300 }),
  }),
  { maxLength: 20 },
);

function bytesOf(all: readonly { session: number; samples: Float32Array }[]): Buffer {
  return Buffer.concat(
    all.flatMap(({ session, samples }) => [
      frameHeader(session, samples.length),
      new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength),
    ]),
  );
}

/** Cuts bytes at these places, in [0, 1]. */
function pieces(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => Math.floor(place * bytes.length)).toSorted((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, at) => bytes.subarray(cuts[at], end));
}

test("frames come out as they went in, however the bytes are split or merged", () => {
  fc.assert(
    fc.property(frames, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 }), (sent, places) => {
      const got: { session: number; samples: Float32Array }[] = [];
      const reader = new FrameReader((session, samples) => got.push({ session, samples }));
      for (const piece of pieces(bytesOf(sent), places)) reader.push(piece);
      assert.deepEqual(
        got.map(({ session, samples }) => ({ session, samples: Buffer.from(samples.buffer) })),
        sent.map(({ session, samples }) => ({ session, samples: Buffer.from(Float32Array.from(samples).buffer) })),
      );
    }),
  );
});

test("frames come out when the bytes arrive one at a time", () => {
  const got: [number, number[]][] = [];
  const reader = new FrameReader((session, samples) => got.push([session, [...samples]]));
  const bytes = bytesOf([
    { session: 7, samples: Float32Array.of(0.5, -0.25) },
    { session: 8, samples: new Float32Array(0) },
  ]);
  for (const byte of bytes) reader.push(Uint8Array.of(byte));
  assert.deepEqual(got, [
    [7, [0.5, -0.25]],
    [8, []],
  ]);
});

test("a frame keeps its samples when the bytes that it came in are overwritten", () => {
  const got: Float32Array[] = [];
  const reader = new FrameReader((_, samples) => got.push(samples));
  const bytes = bytesOf([{ session: 1, samples: Float32Array.of(1, 2, 3) }]);
  reader.push(bytes);
  bytes.fill(255);
  assert.deepEqual([...(got[0] ?? [])], [1, 2, 3]);
});

test("a frame that is longer than any frame is out of step, before memory is taken for it", () => {
  const reader = new FrameReader(() => assert.fail("no frame"));
  assert.throws(() => reader.push(frameHeader(1, maxFrameSamples + 1)), OutOfStep);
  assert.throws(() => new FrameReader(() => assert.fail("no frame")).push(frameHeader(1, 2 ** 32 - 2)), OutOfStep);
});

test("a flush comes in its place among the frames, however the bytes are split", () => {
  const got: string[] = [];
  const reader = new FrameReader(
    (session, samples) => got.push(`${session}: ${samples.length}`),
    (session) => got.push(`${session}: flush`),
  );
  const bytes = Buffer.concat([
    bytesOf([{ session: 1, samples: new Float32Array(3) }]),
    frameHeader(1, flushCount),
    bytesOf([{ session: 2, samples: new Float32Array(2) }]),
  ]);
  for (const byte of bytes) reader.push(Uint8Array.of(byte));
  assert.deepEqual(got, ["1: 3", "1: flush", "2: 2"]);
  assert.throws(() => reader.push(frameHeader(0, flushCount)), OutOfStep);
});

test("a frame for no session is out of step", () => {
  assert.throws(() => new FrameReader(() => assert.fail("no frame")).push(frameHeader(0, 1)), OutOfStep);
});

test("garbage is read as frames or found out of step, and nothing else", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
      let samples = 0;
      const reader = new FrameReader((session, frame) => {
        assert.ok(session > 0);
        samples += frame.length;
      });
      const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      try {
        for (const chunk of chunks) reader.push(chunk);
      } catch (error) {
        assert.ok(error instanceof OutOfStep);
      }
      assert.ok(samples * 4 <= total);
    }),
  );
});
