import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Action, dueActions, type Resident } from "../../dist/pool/policy/due.js";
import { pauseSeconds } from "../../dist/pool/policy/pause.js";
import { afterEnd, type RestartHistory } from "../../dist/pool/policy/restart.js";
import { type Occupant, type RoomBudget, roomFor } from "../../dist/pool/policy/room.js";

const unlimited = Number.POSITIVE_INFINITY;

describe("after a process ended by itself", () => {
  const now = 1000;
  const ago = (...seconds: number[]): number[] => seconds.map((one) => now - one);
  const table: [string, Partial<RestartHistory>, boolean, object][] = [
    ["the first time it restarts at once", { strikes: ago(0) }, false, { kind: "restart", inSeconds: 0 }],
    ["the second time it waits a little", { strikes: ago(5, 0) }, false, { kind: "restart", inSeconds: 0.25 }],
    ["the third time longer", { strikes: ago(9, 5, 0) }, false, { kind: "restart", inSeconds: 0.5 }],
    ["the fourth time longer still", { strikes: ago(9, 8, 5, 0) }, false, { kind: "restart", inSeconds: 1 }],
    ["the fifth time the breaker opens", { strikes: ago(9, 8, 7, 5, 0) }, false, { kind: "open", forSeconds: 10 }],
    [
      "what is a minute ago is forgotten",
      { strikes: ago(60, 60, 60, 60, 0) },
      false,
      { kind: "restart", inSeconds: 0 },
    ],
    [
      "opened before, it stays open longer",
      { strikes: ago(4, 3, 2, 1, 0), opened: 2 },
      false,
      { kind: "open", forSeconds: 40 },
    ],
    ["it never stays open longer than five minutes", { opened: 50 }, true, { kind: "open", forSeconds: 300 }],
    ["a trial that failed opens it at once", { strikes: ago(0), opened: 1 }, true, { kind: "open", forSeconds: 20 }],
    ["signals slow it down", { outside: ago(3, 2, 1, 0) }, false, { kind: "restart", inSeconds: 1 }],
    [
      "signals never open it, nor slow it down for long",
      { outside: ago(...Array(50).keys()) },
      false,
      { kind: "restart", inSeconds: 1 },
    ],
    [
      "signals and own faults count together",
      { strikes: ago(0), outside: ago(2, 1) },
      false,
      { kind: "restart", inSeconds: 0.5 },
    ],
    [
      "its own faults among signals wait eight seconds at most",
      { strikes: ago(0), outside: ago(...Array(50).keys()) },
      false,
      { kind: "restart", inSeconds: 8 },
    ],
  ];
  for (const [what, history, failedTrial, expected] of table) {
    test(what, () => {
      assert.deepEqual(afterEnd({ strikes: [], outside: [], opened: 0, ...history }, now, failedTrial), expected);
    });
  }
});

test("a model that fails is held back 2 s, 4 s, 8 s … 10 min, and never longer", () => {
  assert.deepEqual([0, 1, 2, 3, 4].map(pauseSeconds), [2, 2, 4, 8, 16]);
  assert.deepEqual([9, 10, 11, 5000, Number.POSITIVE_INFINITY].map(pauseSeconds), [512, 600, 600, 600, 600]);
});

const occupant = (key: string, memoryBytes: number, options: Partial<Occupant> = {}): Occupant => ({
  key,
  memoryBytes,
  isIdle: false,
  isGoing: false,
  lastUsed: 0,
  ...options,
});
const idle = (key: string, memoryBytes: number, lastUsed: number) =>
  occupant(key, memoryBytes, { isIdle: true, lastUsed });
const going = (key: string, memoryBytes: number) => occupant(key, memoryBytes, { isGoing: true });

const evict = (...keys: string[]) => ({ kind: "evict", keys });

describe("room for one more", () => {
  const memory = (memoryBytes: number): RoomBudget => ({ memoryBytes, instances: unlimited });
  const places = (instances: number): RoomBudget => ({ memoryBytes: unlimited, instances });
  const fits = { kind: "fits" };
  const table: [string, number, Occupant[], RoomBudget, object][] = [
    ["without limits", 1e12, [occupant("a", 1e12)], { memoryBytes: unlimited, instances: unlimited }, fits],
    ["alone, however large", 1000, [], memory(10), fits],
    ["alone, even with no place", 1000, [], places(0), fits],
    ["to the last byte", 40, [occupant("a", 60)], memory(100), fits],
    ["who was idle the longest goes first", 40, [idle("new", 50, 9), idle("old", 50, 3)], memory(100), evict("old")],
    ["no more go than it takes", 10, [idle("a", 40, 1), idle("b", 40, 2), idle("c", 20, 3)], memory(100), evict("a")],
    [
      "as many go as it takes",
      90,
      [idle("a", 40, 1), idle("b", 40, 2), occupant("c", 10)],
      memory(100),
      evict("a", "b"),
    ],
    ["places count", 1, [idle("a", 1, 1), occupant("b", 1)], places(2), evict("a")],
    [
      "who goes anyway is waited for",
      40,
      [going("a", 50), idle("b", 50, 1)],
      memory(100),
      { kind: "wait", keys: ["a"] },
    ],
    ["also for a place", 1, [going("a", 1), idle("b", 1, 1)], places(2), { kind: "wait", keys: ["a"] }],
    ["who goes is not enough", 60, [going("a", 50), idle("b", 50, 1)], memory(100), evict("b")],
  ];
  for (const [what, needBytes, occupants, budget, expected] of table) {
    test(what, () => assert.deepEqual(roomFor(needBytes, occupants, budget), expected));
  }

  test("none goes if all together were not enough, and who stays is named", () => {
    const kept = occupant("kept", 60);
    const decision = roomFor(50, [kept, idle("idle", 40, 1), going("going", 5)], memory(100));
    assert.deepEqual(decision, { kind: "full", lacks: "memory", occupants: [kept] });
    assert.deepEqual(roomFor(1, [kept], places(1)), { kind: "full", lacks: "instances", occupants: [kept] });
  });
});

const resident = (key: string, options: Partial<Resident> = {}): Resident => ({
  ...occupant(key, 10),
  idleSince: 0,
  keepAliveSeconds: 100,
  isReplaced: false,
  serving: { memoryBytes: 10, boundBytes: unlimited },
  processes: [],
  ...options,
});
const grown = (memoryBytes: number): Pick<Resident, "serving" | "processes"> => ({
  serving: { memoryBytes, boundBytes: 50 },
  processes: [{ memoryBytes, boundBytes: 50 }],
});

const unload = (key: string, cause: "idle" | "evicted"): Action => ({ kind: "unload", key, cause });

describe("what is due", () => {
  const table: [string, Resident[], number, readonly Action[]][] = [
    ["nothing", [resident("a"), resident("b", { isIdle: true, idleSince: 901 })], unlimited, []],
    [
      "who was idle for its time goes",
      [resident("a", { isIdle: true, idleSince: 900 })],
      unlimited,
      [unload("a", "idle")],
    ],
    ["who is in use stays", [resident("a", { idleSince: 0 })], unlimited, []],
    ["for ever is for ever", [resident("a", { isIdle: true, keepAliveSeconds: unlimited })], unlimited, []],
    [
      "not at all is at once",
      [resident("a", { isIdle: true, idleSince: 1000, keepAliveSeconds: 0 })],
      unlimited,
      [unload("a", "idle")],
    ],
    ["who has outgrown its bound is replaced", [resident("a", grown(51))], unlimited, [{ kind: "recycle", key: "a" }]],
    ["at its bound it is not", [resident("a", grown(50))], unlimited, []],
    ["once is enough", [resident("a", { ...grown(51), isReplaced: true })], unlimited, []],
    ["who is too large by far is ended", [resident("a", grown(101))], unlimited, [{ kind: "end", key: "a" }]],
    [
      "also while it only finishes",
      [resident("a", { processes: grown(101).processes, isReplaced: true })],
      unlimited,
      [{ kind: "end", key: "a" }],
    ],
    [
      "whose time is over is not replaced first",
      [resident("a", { ...grown(101), isIdle: true })],
      unlimited,
      [unload("a", "idle")],
    ],
    [
      "all together too large: who was idle the longest goes",
      [
        resident("a", { memoryBytes: 60 }),
        resident("b", { memoryBytes: 30, isIdle: true, idleSince: 990, lastUsed: 990 }),
        resident("c", { memoryBytes: 30, isIdle: true, idleSince: 950, lastUsed: 950 }),
      ],
      100,
      [unload("c", "evicted")],
    ],
    [
      "who goes already gives its room back",
      [
        resident("a", { memoryBytes: 60, isGoing: true }),
        resident("b", { memoryBytes: 60, isIdle: true, idleSince: 990 }),
      ],
      100,
      [],
    ],
    ["the last one stays, however large", [resident("a", { memoryBytes: 600, isIdle: true, idleSince: 990 })], 100, []],
    [
      "of several too large ones one stays",
      [
        resident("a", { memoryBytes: 600, isIdle: true, idleSince: 990, lastUsed: 990 }),
        resident("b", { memoryBytes: 600, isIdle: true, idleSince: 980, lastUsed: 980 }),
      ],
      100,
      [unload("b", "evicted")],
    ],
  ];
  for (const [what, residents, memoryBytes, expected] of table) {
    test(what, () => assert.deepEqual(dueActions(residents, { memoryBytes, instances: unlimited }, 1000), expected));
  }
});
