import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createEventLog, type EventLog } from "../../dist/observe/event-log.js";

const state = (details: number) => ({ type: "model.state", details: { n: details } });

function fill(log: EventLog, count: number): void {
  for (let number = 1; number <= count; number++) log.append(state(number));
}

const idsOf = (log: EventLog, id: string, most?: number): string[] =>
  log.since(id, "en", most).map(({ type, id: own }) => (type === "gap" ? `gap ${own}` : own));

const sinceTable = [
  { name: "the beginning", id: "now:0", expected: ["gap now:4", "now:5", "now:6", "now:7"] },
  { name: "one that is no longer kept", id: "now:3", expected: ["gap now:4", "now:5", "now:6", "now:7"] },
  { name: "the last one before what is kept", id: "now:4", expected: ["now:5", "now:6", "now:7"] },
  { name: "one in the middle", id: "now:6", expected: ["now:7"] },
  { name: "the newest", id: "now:7", expected: [] },
  { name: "one that never was", id: "now:8", expected: ["gap now:4", "now:5", "now:6", "now:7"] },
  { name: "another life of the server", id: "before:6", expected: ["gap now:4", "now:5", "now:6", "now:7"] },
  { name: "no id at all", id: "\r\n💥:1", expected: ["gap now:4", "now:5", "now:6", "now:7"] },
  { name: "a very long one", id: `now:${"6".repeat(1e6)}`, expected: ["gap now:4", "now:5", "now:6", "now:7"] },
] as const;

for (const { name, id, expected } of sinceTable) {
  test(`what followed ${name}`, () => {
    const log = createEventLog({ epoch: "now", mostEvents: 3 });
    fill(log, 7);
    assert.deepEqual(idsOf(log, id), expected);
  });
}

test("who reads on from the last id it got, in batches of any size, misses nothing and gets nothing twice", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.integer({ min: 0, max: 4 })), (most, appends) => {
      const log = createEventLog({ epoch: "e" });
      let place = log.lastId;
      const seen: number[] = [];
      let appended = 0;
      for (const count of [...appends, 0, 0, 0]) {
        for (let n = 0; n < count; n++) log.append(state(++appended));
        for (const event of log.since(place, "en", most)) {
          seen.push(Number(event.id.split(":")[1]));
          place = event.id;
        }
      }
      assert.deepEqual(
        seen,
        Array.from(seen, (_, index) => index + 1),
      );
    }),
  );
});

test("a gap that is given back leads to what was behind it", () => {
  const log = createEventLog({ epoch: "e", mostEvents: 2 });
  fill(log, 5);
  const [gap] = log.since("other:9", "en", 1);
  assert.equal(gap?.type, "gap");
  assert.deepEqual(idsOf(log, gap.id), ["e:4", "e:5"]);
});

test("the room is bounded by bytes too, and the newest event is always kept", () => {
  const log = createEventLog({ epoch: "e", mostBytes: 1000 });
  for (let number = 0; number < 1000; number++) log.append({ type: "model.state", model_path: "x".repeat(100) });
  assert.ok(log.since("").length < 10);
  log.append({ type: "model.state", model_path: "x".repeat(5000) });
  assert.deepEqual(idsOf(log, ""), ["gap e:1000", "e:1001"]);
});

test("messages are in the language of the reader, and cut where they are too long", () => {
  const log = createEventLog({ wallNow: () => 5 });
  const start = log.lastId;
  log.append({ type: "model.quarantined", reason: "internal", message: { en: "bad", zh: "坏".repeat(5000) } });
  assert.equal(log.since(start, "en")[0]?.message, "bad");
  assert.equal(log.since(start, "zh")[0]?.message, "坏".repeat(2000));
  assert.equal(log.since(start)[0]?.at, 5);
});

test("listeners are told of each event until they leave", () => {
  const log = createEventLog();
  let told = 0;
  const listener = () => void told++;
  const leave = [log.subscribe(listener), log.subscribe(listener)];
  log.append(state(1));
  assert.equal(told, 2);
  leave[0]?.();
  leave[0]?.();
  log.append(state(2));
  assert.equal(told, 3);
  leave[1]?.();
  log.append(state(3));
  assert.equal(told, 3);
});

test("each server has an epoch of its own", () => {
  assert.match(createEventLog().lastId, /^[a-z0-9]+:0$/);
});
