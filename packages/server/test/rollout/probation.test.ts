import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, type MeasuredSpeed, type ProbationLimits, type ProbationRecord } from "../../dist/rollout/probation.js";
import { Speeds } from "../../dist/rollout/speeds.js";

interface Case {
  readonly what: string;
  readonly record?: Partial<ProbationRecord>;
  readonly limits?: Partial<ProbationLimits>;
  readonly before?: MeasuredSpeed;
  readonly verdict: "goes on" | "confirmed by requests" | "confirmed by time" | "back for errors" | "back for slow";
}

const before = { requests: 30, realTimeFactor: 0.1 };

const cases: readonly Case[] = [
  { what: "nothing was recognised yet", verdict: "goes on" },
  { what: "one request is missing", record: { requests: 49 }, verdict: "goes on" },
  { what: "all requests are there", record: { requests: 50 }, verdict: "confirmed by requests" },
  { what: "the time is over", record: { seconds: 600 }, verdict: "confirmed by time" },
  { what: "a moment is missing", record: { seconds: 599.9 }, verdict: "goes on" },
  {
    what: "their number does not end it",
    record: { requests: 5000 },
    limits: { requests: Number.POSITIVE_INFINITY },
    verdict: "goes on",
  },
  {
    what: "time does not end it",
    record: { seconds: 1e9 },
    limits: { seconds: Number.POSITIVE_INFINITY },
    verdict: "goes on",
  },
  { what: "two of two failed", record: { requests: 2, errors: 2 }, verdict: "goes on" },
  { what: "three of three failed", record: { requests: 3, errors: 3 }, verdict: "back for errors" },
  { what: "its process ended three times before any request", record: { errors: 3 }, verdict: "back for errors" },
  { what: "three of thirty failed", record: { requests: 30, errors: 3 }, verdict: "goes on" },
  { what: "four of thirty failed", record: { requests: 30, errors: 4 }, verdict: "back for errors" },
  { what: "the last request was the one too many", record: { requests: 50, errors: 6 }, verdict: "back for errors" },
  {
    what: "more than twice as slow",
    record: { requests: 10, audioSeconds: 10, decodeSeconds: 2.1 },
    before,
    verdict: "back for slow",
  },
  {
    what: "twice as slow",
    record: { requests: 10, audioSeconds: 10, decodeSeconds: 2 },
    before,
    verdict: "goes on",
  },
  {
    what: "slow in nine requests",
    record: { requests: 9, audioSeconds: 10, decodeSeconds: 9 },
    before,
    verdict: "goes on",
  },
  {
    what: "slow in nine requests and one that failed",
    record: { requests: 10, errors: 1, audioSeconds: 10, decodeSeconds: 9 },
    before,
    verdict: "goes on",
  },
  {
    what: "nobody knows how fast the old one was",
    record: { requests: 10, audioSeconds: 10, decodeSeconds: 9 },
    verdict: "goes on",
  },
  {
    what: "the old one was hardly measured",
    record: { requests: 10, audioSeconds: 10, decodeSeconds: 9 },
    before: { requests: 9, realTimeFactor: 0.1 },
    verdict: "goes on",
  },
  {
    what: "three times as slow, by thousandths",
    record: { requests: 10, audioSeconds: 10, decodeSeconds: 0.03 },
    before: { requests: 30, realTimeFactor: 0.001 },
    verdict: "goes on",
  },
];

for (const { what, record, limits, before: old, verdict } of cases) {
  test(`${what}: ${verdict}`, () => {
    const nothing = { requests: 0, errors: 0, audioSeconds: 0, decodeSeconds: 0, seconds: 0 };
    const found = judge({ ...nothing, ...record }, { requests: 50, seconds: 600, ...limits }, old);
    const said =
      found.kind === "goes_on"
        ? "goes on"
        : found.kind === "confirmed"
          ? `confirmed by ${found.by}`
          : `back for ${found.why}`;
    assert.equal(said, verdict);
  });
}

test("the speed of a version is that of its audio, and older recognitions fade", () => {
  const speeds = new Speeds();
  assert.equal(speeds.of("a"), undefined);
  speeds.add("a", 0, 0.5);
  assert.equal(speeds.of("a"), undefined, "without audio there is no speed");
  speeds.forget("a");
  for (let index = 0; index < 200; index++) speeds.add("a", 1, 0.1);
  for (let index = 0; index < 300; index++) speeds.add("a", 1, 0.5);
  const speed = speeds.of("a");
  assert.ok(speed && speed.requests < 200);
  assert.ok(speed.realTimeFactor > 0.35, String(speed.realTimeFactor));
  speeds.forget("a");
  assert.equal(speeds.of("a"), undefined);
});
