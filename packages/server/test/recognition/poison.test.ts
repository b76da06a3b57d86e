import assert from "node:assert/strict";
import { test } from "node:test";
import { createPoisonMemory, type PoisonMark } from "../../dist/recognition/poison.js";

const mark = (samples: number, digest = "aa", files = "f1"): PoisonMark => ({
  directory: "/models/cn",
  files,
  samples,
  digest,
});

test("poison is known for the same files, the same length and the same digest only", () => {
  const memory = createPoisonMemory();
  memory.add(mark(300));
  memory.add(mark(100, "bb"));
  memory.add(mark(100, "cc"));
  assert.deepEqual(memory.positionsOf({ directory: "/models/cn", files: "f1" }), [100, 300]);
  assert.deepEqual(memory.positionsOf({ directory: "/models/cn", files: "f2" }), []);
  assert.deepEqual(memory.positionsOf({ directory: "/models/en", files: "f1" }), []);
  assert.equal(memory.has(mark(300)), true);
  for (const other of [mark(301), mark(300, "bb"), mark(300, "aa", "f2")]) assert.equal(memory.has(other), false);
});

test("the memory is bounded: the one that was not met for longest goes", () => {
  const memory = createPoisonMemory({ limit: 2 });
  memory.add(mark(1));
  memory.add(mark(2));
  assert.ok(memory.has(mark(1)));
  memory.add(mark(3));
  assert.deepEqual(memory.positionsOf(mark(1)), [1, 3]);
});

test("what was kept is known again, newest first; only what is new is told", () => {
  const told: PoisonMark[] = [];
  const initial = [mark(1), mark(2), mark(3)];
  const memory = createPoisonMemory({ initial, limit: 2, onAdd: (one) => told.push(one) });
  assert.deepEqual(memory.positionsOf(mark(1)), [1, 2]);
  memory.add(mark(1));
  memory.add(mark(4));
  assert.deepEqual(told, [mark(4)]);
});
