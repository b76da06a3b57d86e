import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import type { Permit, WorkRequest } from "../../dist/schedule/schedule.js";
import { NodeScheduler } from "../../dist/schedule/scheduler.js";

const request = (given: Partial<WorkRequest> = {}): WorkRequest => ({
  priority: "interactive",
  client: "a",
  host: "h",
  audioSeconds: 1,
  ...given,
});

test("one client's long queue does not keep another waiting", async () => {
  const scheduler = new NodeScheduler({ cores: 1 });
  const order: string[] = [];
  const acquire = (client: string) =>
    scheduler.acquire(request({ client })).then((permit) => {
      order.push(client);
      return permit;
    });
  const greedy = Array.from({ length: 100 }, () => acquire("greedy"));
  await turn();
  const modest = acquire("modest");
  for (const permit of greedy.slice(0, 3)) (await permit).release(0.1);
  await turn();
  assert.ok(order.indexOf("modest") >= 0, "served among the first");
  (await modest).release(0.1);
  for (const permit of greedy.slice(3)) (await permit).release(0.1);
  assert.deepEqual(scheduler.snapshot(), { running: 0, waiting: 0, waitingAudioSeconds: 0 });
});

test("who was served while nobody waited is not made to wait for it by a newcomer", async () => {
  const scheduler = new NodeScheduler({ cores: 1 });
  let held = await scheduler.acquire(request({ client: "first", audioSeconds: 10 }));
  for (let times = 0; times < 50; times++) {
    const next = scheduler.acquire(request({ client: "first", audioSeconds: 10 }));
    held.release(1);
    held = await next;
  }
  const second = await scheduler.acquire(request({ client: "first" })); // the one that may be at hand
  const order: string[] = [];
  const come = (client: string) =>
    scheduler.acquire(request({ client, audioSeconds: 10 })).then((permit) => {
      order.push(client);
      permit.release(1);
    });
  const all = [...Array.from({ length: 20 }, () => come("newcomer")), come("first")];
  held.release(1);
  second.release(1);
  await Promise.all(all);
  assert.ok(order.indexOf("first") <= 3, order.join(" "));
});

test("work that is cancelled leaves the queue at once and never gets a permit", async () => {
  const scheduler = new NodeScheduler({ cores: 1 });
  const held = [await scheduler.acquire(request()), await scheduler.acquire(request())];
  const controller = new AbortController();
  const waiting = scheduler.acquire(request(), controller.signal);
  assert.equal(scheduler.snapshot().waiting, 1);
  const reason = new Error("gone");
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  assert.equal(scheduler.snapshot().waiting, 0);
  for (const permit of held) permit.release();
  assert.equal(scheduler.snapshot().running, 0);
});

test("an aborted signal gets no permit", async () => {
  const scheduler = new NodeScheduler({ cores: 1 });
  await assert.rejects(scheduler.acquire(request(), AbortSignal.abort(new Error("gone"))), /gone/);
});

test("cancelling the head lets those behind it run", async () => {
  const scheduler = new NodeScheduler({ cores: 1 });
  const held = [await scheduler.acquire(request({ host: "a" })), await scheduler.acquire(request({ host: "a" }))];
  held.pop()?.release();
  const controller = new AbortController();
  const head = scheduler.acquire(request({ host: "b", priority: "live_final" }), controller.signal);
  const behind = scheduler.acquire(request({ host: "a" }));
  controller.abort(new Error("gone"));
  await assert.rejects(head);
  (await behind).release();
});

test("the real-time factor is learnt from releases, forgotten with the host", async () => {
  const scheduler = new NodeScheduler({ cores: 1 });
  assert.equal(scheduler.realTimeFactor("h"), undefined);
  (await scheduler.acquire(request({ audioSeconds: 10 }))).release(1);
  assert.equal(scheduler.realTimeFactor("h"), 0.1);
  (await scheduler.acquire(request({ audioSeconds: 10 }))).release(2);
  const learnt = scheduler.realTimeFactor("h") ?? 0;
  assert.ok(learnt > 0.1 && learnt < 0.2);
  (await scheduler.acquire(request())).release(undefined);
  assert.equal(scheduler.realTimeFactor("h"), learnt, "a failed decode teaches nothing");
  scheduler.forget("h");
  assert.equal(scheduler.realTimeFactor("h"), undefined);
});

test("of hosts without number, those that were measured last are remembered", async () => {
  const scheduler = new NodeScheduler({ cores: 1 });
  for (let index = 0; index < 1001; index += 1) {
    (await scheduler.acquire(request({ host: `h${index}`, audioSeconds: 10 }))).release(1);
    if (index === 500) (await scheduler.acquire(request({ host: "h0", audioSeconds: 10 }))).release(1);
  }
  assert.equal(scheduler.realTimeFactor("h1"), undefined);
  assert.deepEqual([scheduler.realTimeFactor("h0"), scheduler.realTimeFactor("h1000")], [0.1, 0.1]);
});

test("a permit that is released twice counts once", async () => {
  const scheduler = new NodeScheduler({ cores: 2 });
  const first = await scheduler.acquire(request({ host: "a" }));
  await scheduler.acquire(request({ host: "b" }));
  first.release();
  first.release();
  assert.equal(scheduler.snapshot().running, 1);
});

test("whatever comes in whatever order: never more than the cores and one, and everything is served", async () => {
  const works = fc.array(
    fc.record({
      client: fc.constantFrom("a", "b", "c"),
      host: fc.constantFrom("x", "y"),
      priority: fc.constantFrom("live_final", "interactive", "live_partial", "batch"),
      audioSeconds: fc.double({ min: 0, max: 30, noNaN: true }),
    } as const),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(works, fc.integer({ min: 1, max: 4 }), fc.infiniteStream(fc.nat(10)), async (all, cores, dice) => {
      const scheduler = new NodeScheduler({ cores });
      const running: Permit[] = [];
      let served = 0;
      for (const one of all) void scheduler.acquire(one).then((permit) => running.push(permit));
      for (let left = all.length; left > 0; ) {
        await turn();
        assert.ok(running.length > 0, "never stuck");
        assert.ok(scheduler.snapshot().running <= cores + 1);
        running.splice((dice.next().value ?? 0) % running.length, 1)[0]?.release(0.01);
        served++;
        left--;
      }
      assert.equal(served, all.length);
      assert.deepEqual(scheduler.snapshot(), { running: 0, waiting: 0, waitingAudioSeconds: 0 });
    }),
    { numRuns: 60 },
  );
});

test("works that are decoded together share a permit until the last of them gives it back", async () => {
  const scheduler = new NodeScheduler({ cores: 1 });
  const blocker = await scheduler.acquire(request({ host: "other" }));
  const together = ["a", "b", "c"].map((client) => scheduler.acquire(request({ client, together: true })));
  const later = scheduler.acquire(request({ client: "d", host: "other" }));
  let isLaterRunning = false;
  void later.then(() => {
    isLaterRunning = true;
  });
  blocker.release(0.1);
  const permits = await Promise.all(together);
  assert.deepEqual(scheduler.snapshot(), { running: 1, waiting: 1, waitingAudioSeconds: 1 });
  permits[0]?.release(0.1);
  permits[0]?.release(0.1);
  permits[1]?.release();
  await turn();
  assert.equal(isLaterRunning, false);
  permits[2]?.release(0.1);
  (await later).release(0.1);
  assert.deepEqual(scheduler.snapshot(), { running: 0, waiting: 0, waitingAudioSeconds: 0 });
});

test("one that is cancelled while it waits does not go along", async () => {
  const scheduler = new NodeScheduler({ cores: 1 });
  const blocker = await scheduler.acquire(request({ host: "other" }));
  const controller = new AbortController();
  const cancelled = scheduler.acquire(request({ together: true }), controller.signal);
  const kept = scheduler.acquire(request({ together: true }));
  controller.abort(new Error("gone"));
  await assert.rejects(cancelled, /gone/);
  blocker.release();
  (await kept).release();
  assert.deepEqual(scheduler.snapshot(), { running: 0, waiting: 0, waitingAudioSeconds: 0 });
});

test("who shares permits is served for each of them: others are not behind all of its streams", async () => {
  const scheduler = new NodeScheduler({ cores: 1 });
  const blocker = await scheduler.acquire(request({ host: "other" }));
  const order: string[] = [];
  const come = (client: string, together: boolean) =>
    scheduler.acquire(request({ client, together, host: together ? "streams" : "h" })).then((permit) => {
      order.push(client);
      permit.release(0.1);
    });
  const all = [...Array.from({ length: 10 }, () => come("many", true)), come("one", false)];
  all.push(...Array.from({ length: 10 }, () => come("many", false)));
  blocker.release(0.1);
  await Promise.all(all);
  assert.equal(order.indexOf("one"), 10);
});
