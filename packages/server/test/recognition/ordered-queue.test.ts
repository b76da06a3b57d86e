import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { OrderedQueue } from "../../dist/recognition/ordered-queue.js";

test("values come in the order in which they were put in, not in which they settle", async () => {
  const queue = new OrderedQueue<number>();
  const late = Promise.withResolvers<number>();
  queue.add(late.promise);
  queue.add(2);
  queue.end();
  const read = Array.fromAsync(queue);
  await turn();
  late.resolve(1);
  assert.deepEqual(await read, [1, 2]);
});

test("after the end the rest is still read, after a failure nothing is", async () => {
  const ended = new OrderedQueue<number>();
  ended.add(1);
  ended.end();
  ended.add(2);
  assert.deepEqual(await Array.fromAsync(ended), [1]);
  const failed = new OrderedQueue<number>();
  failed.add(1);
  failed.fail(new Error("broken"));
  await assert.rejects(Array.fromAsync(failed), /broken/);
});

test("what was rejected is thrown behind what was finished before it", async () => {
  const queue = new OrderedQueue<number>();
  queue.add(Promise.resolve(1));
  const rejected = Promise.reject<number>(new Error("broken"));
  rejected.catch(() => undefined);
  queue.add(rejected);
  const read = queue[Symbol.asyncIterator]();
  assert.deepEqual(await read.next(), { value: 1, done: false });
  await assert.rejects(read.next(), /broken/);
});

test("an end with an error comes behind what is there", async () => {
  const queue = new OrderedQueue<number>();
  queue.add(1);
  queue.endWith(new Error("broken"));
  const read = queue[Symbol.asyncIterator]();
  assert.deepEqual(await read.next(), { value: 1, done: false });
  await assert.rejects(read.next(), /broken/);
});

test("a failure frees a consumer that waits", async () => {
  const queue = new OrderedQueue<number>();
  const reading = queue[Symbol.asyncIterator]().next();
  await turn();
  queue.fail(new Error("broken"));
  await assert.rejects(reading, /broken/);
});
