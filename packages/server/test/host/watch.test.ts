import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DecodeClock } from "../../dist/host/child/decode-clock.js";
import { HangWatch, LoadWatch, loadCapSeconds } from "../../dist/host/parent/watch.js";
import { windowSamples } from "../../dist/host/parent/window.js";

const megabyte = 1 << 20;
const limits = { tickSeconds: 0.25, heartbeatSeconds: 1 };

/** Ticks until the watch has found something, at most so many. */
function ticksUntil(
  watch: { tick(): number | undefined },
  most: number,
  beforeTick: (tick: number) => void = () => {},
) {
  for (let tick = 1; tick <= most; tick += 1) {
    beforeTick(tick);
    const seconds = watch.tick();
    if (seconds !== undefined) return { seconds: tick * limits.tickSeconds, limit: seconds };
  }
  return undefined;
}

const loadWatch = () => new LoadWatch({ ...limits, idleSeconds: 5, capSeconds: 60 });

/** Ticks a load whose heartbeat comes each second. */
function withBeats(beat: (watch: LoadWatch, second: number) => void) {
  const load = loadWatch();
  return ticksUntil(load, 1000, (tick) => {
    if (tick % 4 === 0) beat(load, tick / 4);
  });
}

const hangWatch = () => new HangWatch({ ...limits, hangSeconds: 5, threads: 1 });

/** Ticks a host whose heartbeat comes each time. */
const beating = (hang: HangWatch, workerSilentSeconds = 0) =>
  ticksUntil(hang, 1000, () => hang.beat(workerSilentSeconds));

describe("a load", () => {
  test("without heartbeats is stuck after the idle time", () => {
    assert.deepEqual(ticksUntil(loadWatch(), 1000), { seconds: 5, limit: 5 });
  });

  test("whose heartbeats show no more than themselves is stuck after the idle time", () => {
    const stuck = withBeats((load, second) =>
      load.beat({ cpuSeconds: second * 0.01, memoryBytes: 50 * megabyte + second }),
    );
    // Its first heartbeat showed memory.
    assert.deepEqual(stuck, { seconds: 5.75, limit: 5 });
  });

  test("goes on while CPU time grows, up to the cap", () => {
    const stuck = withBeats((load, second) => load.beat({ cpuSeconds: second * 0.3, memoryBytes: 0 }));
    assert.deepEqual(stuck, { seconds: 60, limit: 60 });
  });

  test("goes on while memory grows, up to the cap", () => {
    const stuck = withBeats((load, second) => load.beat({ cpuSeconds: 0, memoryBytes: second * 2 * megabyte }));
    assert.deepEqual(stuck, { seconds: 60, limit: 60 });
  });

  test("does not go on for memory that comes and goes", () => {
    const stuck = withBeats((load, second) =>
      load.beat({ cpuSeconds: 0, memoryBytes: (60 - (second % 2) * 10) * megabyte }),
    );
    assert.deepEqual(stuck, { seconds: 6.75, limit: 5 });
  });

  test("of large files may take longer", () => {
    assert.equal(loadCapSeconds(0), 60);
    assert.equal(loadCapSeconds(1_000_000_000), 160);
  });
});

describe("a loaded host", () => {
  test("that is silent is found after the limit", () => {
    assert.deepEqual(ticksUntil(hangWatch(), 1000), { seconds: 5, limit: 5 });
  });

  test("is given three heartbeats even when the limit is shorter", () => {
    const hang = new HangWatch({ ...limits, hangSeconds: 1, threads: 1 });
    assert.deepEqual(ticksUntil(hang, 1000), { seconds: 3, limit: 3 });
  });

  test("that answers and has no work goes on for ever", () => {
    assert.equal(beating(hangWatch()), undefined);
  });

  test("whose engine thread is silent is found although its heartbeat comes", () => {
    const hang = hangWatch();
    assert.equal(
      ticksUntil(hang, 3, () => hang.beat(4)),
      undefined,
    );
    assert.deepEqual(beating(hang, 5), { seconds: 0.25, limit: 5 });
  });

  test("whose decode takes too long is found", () => {
    const hang = hangWatch();
    hang.granted(1, 0, 0.1);
    assert.deepEqual(beating(hang), { seconds: 5, limit: 5 });
  });

  test("may take ten times as long as a decode is expected to", () => {
    const hang = hangWatch();
    hang.granted(1, 0, 2);
    assert.equal(
      ticksUntil(hang, 40, () => hang.beat(19)),
      undefined,
    );
    assert.deepEqual(beating(hang), { seconds: 10, limit: 20 });
  });

  test("does not wait for ever for a decode whose expected time is no number", () => {
    for (const expected of [Number.NaN, Number.POSITIVE_INFINITY, -1]) {
      const hang = hangWatch();
      hang.granted(1, 0, expected);
      assert.deepEqual(beating(hang), { seconds: 5, limit: 5 });
    }
  });

  test("is not blamed for a decode that waits behind a long one", () => {
    const hang = hangWatch();
    hang.granted(1, 0, 100);
    hang.granted(2, 0, 0.1);
    assert.equal(
      ticksUntil(hang, 100, () => hang.beat(0)),
      undefined,
    );
    hang.done(1, 0);
    assert.deepEqual(beating(hang), { seconds: 5, limit: 5 });
  });

  test("is not blamed for decodes that are done", () => {
    const hang = hangWatch();
    hang.granted(1, 0, 0);
    hang.done(1, 0);
    assert.equal(beating(hang), undefined);
  });
});

describe("the credit window", () => {
  const info = { input: "segments", maxSegmentSeconds: 20 } as const;

  test("is two minutes for few sessions, and shared by many", () => {
    assert.equal(windowSamples(0, info), 120 * 16_000);
    assert.equal(windowSamples(10, info), 120 * 16_000);
    assert.equal(windowSamples(20, info), 60 * 16_000);
  });

  test("never falls below what the longest segment needs", () => {
    assert.equal(windowSamples(1000, info), 45 * 16_000);
    assert.equal(windowSamples(1, { ...info, maxSegmentSeconds: 100 }), 205 * 16_000);
    assert.equal(windowSamples(1000, { input: "frames", maxSegmentSeconds: 0 }), 10 * 16_000);
  });
});

describe("the decode clock", () => {
  test("counts no time that a decode waits for a thread", () => {
    let nowMs = 0;
    const clock = new DecodeClock(2, () => nowMs);
    const first = clock.begin();
    const second = clock.begin();
    const third = clock.begin();
    nowMs = 1000;
    assert.equal(clock.end(first), 1);
    nowMs = 1500;
    assert.equal(clock.end(second), 1.5);
    nowMs = 3000;
    assert.equal(clock.end(third), 2);
    const fourth = clock.begin();
    nowMs = 3250;
    assert.equal(clock.end(fourth), 0.25);
  });

  test("goes on when a decode overtakes another", () => {
    let nowMs = 0;
    const clock = new DecodeClock(1, () => nowMs);
    const first = clock.begin();
    const second = clock.begin();
    nowMs = 500;
    assert.equal(clock.end(second), 0);
    nowMs = 1000;
    assert.equal(clock.end(first), 1);
    const third = clock.begin();
    nowMs = 1100;
    assert.equal(clock.end(third), 0.1);
  });
});
