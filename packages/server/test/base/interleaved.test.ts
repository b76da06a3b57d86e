import assert from "node:assert/strict";
import { test } from "node:test";
import { interleaved, Notices } from "../../dist/base/interleaved.js";

test("notices come between the values, at once and before the end", async () => {
  const notices = new Notices<string>();
  const gate = Promise.withResolvers<void>();
  async function* values() {
    yield 1;
    await gate.promise;
    yield 2;
    notices.add("late");
  }
  const seen: (number | string)[] = [];
  notices.add("early");
  for await (const one of interleaved(values(), notices)) {
    seen.push(one);
    if (one === 1) setImmediate(() => notices.add("between"));
    if (one === "between") gate.resolve();
  }
  assert.deepEqual(seen, ["early", 1, "between", 2, "late"]);
});

test("what the values throw is thrown, also when a notice came before", async () => {
  const notices = new Notices<string>();
  const gate = Promise.withResolvers<never>();
  async function* values() {
    yield await gate.promise;
  }
  const reading = interleaved(values(), notices);
  const first = reading.next();
  notices.add("a");
  assert.equal((await first).value, "a");
  gate.reject(new RangeError("over"));
  await assert.rejects(reading.next(), RangeError);
});

test("who stops reading waits for nothing", async () => {
  const notices = new Notices<string>();
  let isOver = false;
  const gate = Promise.withResolvers<void>();
  async function* values() {
    try {
      await gate.promise;
      yield 1;
    } finally {
      isOver = true;
    }
  }
  notices.add("a");
  const reading = interleaved(values(), notices);
  setImmediate(() => notices.add("b"));
  for await (const one of reading) if (one === "b") break;
  assert.equal(isOver, false);
  gate.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isOver, true);
});
