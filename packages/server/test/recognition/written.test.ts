import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Written } from "../../dist/recognition/written.js";

const numbers = (from: number, to: number) => Float32Array.from({ length: to - from }, (_, at) => from + at);
const digestOf = (to: number) =>
  createHash("sha256")
    .update(new Uint8Array(numbers(0, to).buffer))
    .digest("hex");

/** A hundred samples in chunks of ten. */
function hundred(): Written {
  const written = new Written();
  for (let at = 0; at < 100; at += 10) written.add(numbers(at, at + 10));
  return written;
}

test("what is held is read from any place on, chunk by chunk, to the end", async () => {
  const written = hundred();
  assert.deepEqual(await written.next(37), numbers(37, 40));
  assert.deepEqual(await written.next(40), numbers(40, 50));
  const waiting = written.next(100);
  await turn();
  written.add(numbers(100, 105));
  assert.deepEqual(await waiting, numbers(100, 105));
  const last = written.next(105);
  written.end();
  assert.equal(await last, undefined);
});

test("whole chunks before a place are let go of", async () => {
  const written = hundred();
  written.dropBefore(39);
  assert.equal(written.from, 30);
  assert.deepEqual(await written.next(30), numbers(30, 40));
  assert.equal(written.to, 100);
});

test("digests cover everything from the first sample on, whatever was let go of and in whatever order they are asked", () => {
  const written = hundred();
  assert.equal(written.digestAt(25), digestOf(25));
  written.dropBefore(50);
  for (const at of [50, 73, 60, 100, 51]) assert.equal(written.digestAt(at), digestOf(at), `${at}`);
  written.dropBefore(90);
  assert.equal(written.digestAt(95), digestOf(95));
  assert.equal(written.digestAt(89), undefined);
  assert.equal(written.digestAt(101), undefined);
});
