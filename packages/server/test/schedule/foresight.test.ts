import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type Foresight, foresee, type Limits, type Work } from "../../dist/schedule/foresight.js";

const limits: Limits = { cores: 2, maxWaitSeconds: 60, maxSessions: 8, maxSessionsPerClient: 6 };
const works = (client: string, count: number, leftSeconds: number, more: Partial<Work> = {}): Work[] =>
  Array.from({ length: count }, () => ({ client, leftSeconds, factor: 0.5, ...more }));
const rounded = ({ waitSeconds, obstacle, freeInSeconds }: Foresight) => [
  Math.round(waitSeconds),
  obstacle,
  Math.round(freeInSeconds),
];

suite("what a client a would meet", () => {
  const cases: readonly {
    readonly name: string;
    readonly works: readonly Work[];
    readonly limits?: Partial<Limits>;
    readonly expected: readonly [waitSeconds: number, obstacle: Foresight["obstacle"], freeInSeconds: number];
  }[] = [
    { name: "nobody is there", works: [], expected: [0, undefined, 0] },
    { name: "its own work is in front of it", works: works("a", 2, 100), expected: [50, undefined, 0] },
    {
      name: "with more cores it waits less",
      works: works("a", 2, 100),
      limits: { cores: 4 },
      expected: [25, undefined, 0],
    },
    {
      name: "more than it may wait for: until enough of it is done",
      works: works("a", 4, 100),
      expected: [100, "wait", 40],
    },
    {
      name: "no limit of the wait",
      works: works("a", 4, 100),
      limits: { maxWaitSeconds: 0 },
      expected: [100, undefined, 0],
    },
    {
      name: "of others' work it waits for one piece each",
      works: [...works("b", 3, 100), ...works("c", 1, 4)],
      expected: [4, undefined, 0],
    },
    {
      name: "of others' work it waits for as much as of its own, and a piece",
      works: [...works("b", 3, 100), ...works("a", 1, 50)],
      expected: [28, undefined, 0],
    },
    {
      name: "a slow model of another client counts with its own speed",
      works: works("b", 1, 100, { factor: 2 }),
      expected: [10, undefined, 0],
    },
    {
      name: "of a long recording only what can be in flight is in front of it",
      works: works("a", 1, 10_000),
      expected: [30, undefined, 0],
    },
    {
      name: "of an upload that drips only what is there is in front of it",
      works: works("a", 5, 10_000, { hereSeconds: 1 }),
      expected: [1, undefined, 0],
    },
    {
      name: "what others were promised takes no more than a quarter of the places",
      works: works("b", 500, 1, { isPromised: true }),
      expected: [3, undefined, 0],
    },
    {
      name: "its own promises are in front of it",
      works: works("a", 4, 100, { isPromised: true }),
      expected: [100, "wait", 40],
    },
    {
      name: "all of its places are taken: until the first of its recognitions ends",
      works: works("a", 6, 4),
      expected: [6, "client_sessions", 1],
    },
    {
      name: "all places are taken: until somebody's first ends",
      works: [...works("b", 4, 8), ...works("c", 4, 8)],
      expected: [5, "sessions", 4],
    },
    {
      name: "short recordings end before long ones that began earlier",
      works: [...works("a", 5, 1000), ...works("a", 1, 20)],
      limits: { maxWaitSeconds: 0 },
      expected: [155, "client_sessions", 155],
    },
  ];
  for (const { name, works: given, limits: own, expected } of cases)
    test(name, () => assert.deepEqual(rounded(foresee(given, "a", { ...limits, ...own })), expected));
});

test("any work gives finite times, and a wait only where something is in the way", () => {
  const work = fc.record({
    client: fc.constantFrom("a", "b", "c"),
    leftSeconds: fc.double({ min: -10, max: 1e6, noNaN: true }),
    factor: fc.double({ min: 0, max: 100, noNaN: true }),
    hereSeconds: fc.option(fc.double({ min: 0, max: 200, noNaN: true }), { nil: undefined }),
    isPromised: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(work, { maxLength: 40 }), (all) => {
      const given = all.map(({ hereSeconds, ...rest }) => ({
        ...rest,
        ...(hereSeconds !== undefined && { hereSeconds }),
      }));
      const { waitSeconds, obstacle, freeInSeconds } = foresee(given, "a", limits);
      assert.ok(Number.isFinite(waitSeconds) && waitSeconds >= 0);
      assert.ok(Number.isFinite(freeInSeconds) && freeInSeconds >= 0);
      if (obstacle === undefined) assert.equal(freeInSeconds, 0);
    }),
  );
});
