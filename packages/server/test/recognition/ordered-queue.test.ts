import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { OrderedQueue } from "../../dist/recognition/ordered-queue.js";

test("the producer waits while the queue is full", async () => {
  const queue = new OrderedQueue<number>(2);
  await queue.push(1);
  let full = true;
  const second = queue.push(2).then(() => {
    full = false;
  });
  await turn();
  assert.ok(full);
  const reader = queue[Symbol.asyncIterator]();
  assert.deepEqual(await reader.next(), { value: 1, done: false });
  await second;
  assert.deepEqual(await reader.next(), { value: 2, done: false });
  queue.end();
  assert.equal((await reader.next()).done, true);
});

test("after the end the rest is still read, after a failure nothing is", async () => {
  const ended = new OrderedQueue<number>(10);
  await ended.push(1);
  ended.end();
  assert.deepEqual(await Array.fromAsync(ended), [1]);
  const failed = new OrderedQueue<number>(10);
  await failed.push(1);
  failed.fail(new Error("broken"));
  await assert.rejects(Array.fromAsync(failed), /broken/);
});

test("a failure frees a producer that waits, and a consumer that waits", async () => {
  const queue = new OrderedQueue<number>(1);
  const stuck = queue.push(1);
  queue.fail(new Error("broken"));
  await stuck;
  const empty = new OrderedQueue<number>(1);
  const reading = empty[Symbol.asyncIterator]().next();
  await turn();
  empty.fail(new Error("broken"));
  await assert.rejects(reading, /broken/);
});
