import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createPool, type PoolOptions } from "../../dist/pool/pool.js";
import type { PoolEvent } from "../../dist/pool/types.js";
import { FakeClock, settle } from "./fake-clock.ts";
import { FakeHosts, folderOf } from "./fake-hosts.ts";

const one = { client: "one", kind: "client" } as const;
const two = { client: "two", kind: "client" } as const;
const address = { client: "10.0.0.1", kind: "address" } as const;
const [a, b, c] = [folderOf("a"), folderOf("b"), folderOf("c")];

function made(t: TestContext, options: Partial<PoolOptions> = {}) {
  const clock = new FakeClock();
  const hosts = new FakeHosts();
  const pool = createPool({ ...hosts.options(clock), ...options });
  const events: PoolEvent[] = [];
  pool.subscribe((event) => events.push(event));
  t.after(async () => {
    const closed = pool.close();
    await settle();
    for (const host of hosts.all) host.leave();
    await closed;
    assert.deepEqual(hosts.alive(), []);
  });
  /** Loads a model of so many bytes and waits for it. */
  const loaded = async (folder = a, claimant?: typeof one | typeof two | typeof address, bytes = 0) => {
    const loading = pool.load(folder, claimant ? { claimant } : {});
    await settle();
    hosts.of(folder).load(bytes);
    return loading;
  };
  return { clock, hosts, pool, events, loaded };
}

const places = (instances: number) => ({ budget: { memoryBytes: Number.POSITIVE_INFINITY, instances } });

test("a load that finds the model loaded while somebody ends it by force loads it anew, with its hold", async (t) => {
  const { hosts, pool, loaded } = made(t);
  await loaded(a, two);
  const joining = pool.load(a, { claimant: one });
  const ending = pool.unload(a, two, { force: true });
  await settle();
  hosts.of(a).load();
  assert.deepEqual(
    (await joining).holds.map(({ client }) => client),
    ["one"],
  );
  assert.deepEqual(await ending, { unloaded: true, holds: [] });
  assert.equal(hosts.alive(a).length, 1);
});

test("a recognition that waits for a load which is ended by force gets the next one; who wished the load is told", async (t) => {
  const { hosts, pool } = made(t);
  const loading = assert.rejects(pool.load(a, { claimant: one }), { reason: "model_load_cancelled" });
  const leasing = pool.lease(a);
  await settle();
  const [first] = hosts.all;
  assert.deepEqual(await pool.unload(a, two, { force: true }), { unloaded: true, holds: [] });
  await loading;
  await settle();
  assert.equal(first?.isGone, true);
  hosts.of(a).load();
  const lease = await leasing;
  assert.equal(lease.instance.pid, 2);
  assert.deepEqual(pool.find(a)?.holds, []);
  lease.release();
});

test("a recognition that waits for a restart which is ended by force gets a fresh process", async (t) => {
  const { hosts, pool, loaded } = made(t);
  await loaded(a, one);
  hosts.of(a).crash(true);
  const leasing = pool.lease(a);
  await settle();
  await pool.unload(a, two, { force: true });
  await settle();
  hosts.of(a).load();
  (await leasing).release();
});

test("a caller that vanishes at any moment of a load adds no hold from then on", async (t) => {
  const { pool, loaded } = made(t);
  await loaded(a, two);
  for (let turns = 0; turns < 10; turns += 1) {
    const leaving = new AbortController();
    const loading = pool.load(a, { claimant: one, signal: leaving.signal }).catch(() => undefined);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    const before = pool.find(a)?.holds.length;
    leaving.abort(new VoxpoolError("request_cancelled"));
    await loading;
    assert.equal(pool.find(a)?.holds.length, before, `after ${turns} turns`);
    await pool.unload(a, one).catch(() => undefined);
  }
});

test("a model whose process crashes while somebody waits for a lease: the lease is of the next process", async (t) => {
  const { hosts, pool, loaded, clock } = made(t);
  await loaded();
  const first = hosts.of(a);
  first.lingers = true;
  first.crash(true);
  const leasing = pool.lease(a);
  await settle();
  assert.equal(hosts.all.length, 1, "nothing is started beside a process that is not gone");
  await assert.rejects(pool.unload(a, one), { reason: "model_in_use" });
  first.leave();
  await settle();
  await clock.pass(1);
  hosts.of(a).load();
  assert.equal((await leasing).instance.pid, 2);
});

test("room that is about to be free is waited for: nobody is refused, and nobody else goes", async (t) => {
  const { hosts, pool, loaded, events } = made(t, places(2));
  await loaded(a);
  await loaded(b);
  hosts.of(a).lingers = true;
  const ending = pool.unload(a, one);
  const loading = pool.load(c);
  await settle();
  assert.equal(hosts.alive(c).length, 0);
  hosts.of(a).leave();
  await settle();
  hosts.of(c).load();
  await Promise.all([ending, loading]);
  assert.ok(!events.some((event) => event.type === "unloading" && event.cause === "evicted"));
});

test("a load that was cancelled while it waited for room evicts nobody", async (t) => {
  const { hosts, pool, loaded, events } = made(t, places(2));
  await loaded(a);
  await loaded(b);
  hosts.of(a).lingers = true;
  const ending = pool.unload(a, one);
  const first = pool.load(c);
  const d = folderOf("d");
  const second = pool.load(d);
  await settle();
  const cancelled = assert.rejects(second, { reason: "model_load_cancelled" });
  await pool.retire(d);
  await cancelled;
  hosts.of(a).leave();
  await settle();
  hosts.of(c).load();
  await Promise.all([ending, first]);
  assert.ok(!events.some((event) => event.type === "unloading" && event.cause === "evicted"));
  assert.ok(!hosts.all.some(({ directory }) => directory === d.directory));
});

test("who comes first gets the room: loads behind it do not stand in its way", async (t) => {
  const { hosts, pool } = made(t, places(1));
  const first = pool.load(a, { claimant: one });
  const second = assert.rejects(pool.load(b), { reason: "pool_full" });
  await settle();
  hosts.of(a).load();
  await Promise.all([first, second]);
});

test("a restart waits for nobody's room", async (t) => {
  const { hosts, pool, loaded, clock } = made(t, places(2));
  await loaded(a, one);
  await loaded(b);
  hosts.of(b).lingers = true;
  const ending = pool.unload(b, two);
  const loading = pool.load(c);
  await settle();
  hosts.of(a).crash(false);
  await clock.pass(1);
  assert.equal(hosts.alive(a).length, 1);
  hosts.of(b).leave();
  await settle();
  hosts.of(c).load();
  await Promise.all([ending, loading]);
});

test("a model larger than the budget, loaded alone, is not evicted because another one failed to load", async (t) => {
  const { hosts, pool, loaded, clock } = made(t, { budget: { memoryBytes: 100, instances: Number.POSITIVE_INFINITY } });
  const failing = assert.rejects(pool.load(b), { reason: "model_load_failed" });
  await settle();
  hosts.of(b).failLoad();
  await failing;
  await loaded(a, undefined, 500);
  await clock.pass(5);
  assert.deepEqual(
    pool.list().map(({ state }) => state),
    ["failed", "ready"],
  );
});

test("a fresh process that cannot load is tried again after growing pauses, and the old one serves on", async (t) => {
  const { hosts, pool, loaded, clock } = made(t, { boundBytes: (warmBytes) => 2 * warmBytes });
  await loaded(a, one, 100);
  const old = hosts.of(a);
  old.memoryBytes = 250;
  let started = 1;
  for (let second = 0; second < 60; second += 1) {
    await clock.pass(1);
    if (hosts.all.length > started) hosts.of(a).failLoad();
    started = hosts.all.length;
    await settle();
  }
  assert.ok(started > 2 && started < 9, `${started - 1} processes in a minute`);
  assert.equal(old.isUsable, true);
  assert.equal(pool.find(a)?.state, "ready");
  assert.equal(pool.quarantineOf(a), undefined, "what serves is not held back");
});

test("whoever reloads while a replacement is on its way gets one that began after the files changed", async (t) => {
  const { hosts, pool, loaded } = made(t);
  await loaded(a, one);
  const first = pool.reload(a);
  await settle();
  const second = pool.reload(a);
  const third = pool.reload(a);
  hosts.of(a).load();
  await first;
  await settle();
  assert.equal(hosts.all.length, 3, "one for those who came later, together");
  hosts.of(a).load();
  await Promise.all([second, third]);
  assert.equal(hosts.alive(a).length, 1);
});

test("an old process that is still in use and grows without end is ended, and so is one that drains", async (t) => {
  const { hosts, pool, loaded, clock, events } = made(t, { boundBytes: (warmBytes) => 2 * warmBytes });
  await loaded(a, one, 100);
  const lease = await pool.lease(a);
  const old = hosts.of(a);
  const reloading = pool.reload(a);
  await settle();
  hosts.of(a).load(100);
  await reloading;
  const last = await pool.lease(a);
  old.memoryBytes = 401;
  await clock.pass(1);
  assert.equal(await lease.ended, "model");
  assert.equal(hosts.alive(a).length, 1);
  const ending = pool.unload(a, one);
  hosts.of(a).memoryBytes = 401;
  await clock.pass(1);
  assert.equal(await last.ended, "model");
  await ending;
  const crashes = events.filter((event) => event.type === "crashed");
  assert.deepEqual(
    crashes.map(({ blame, draining, error }) => [blame, draining, error.reason]),
    [
      ["model", true, "host_crashed"],
      ["model", true, "host_crashed"],
    ],
  );
});

test("CPU time is counted once for each process that there was", async (t) => {
  const { hosts, pool, loaded, clock } = made(t);
  await loaded(a, one);
  hosts.of(a).cpuSeconds = 10;
  const reloading = pool.reload(a);
  await settle();
  hosts.of(a).cpuSeconds = 1;
  hosts.all[0]?.crash(false);
  await settle();
  assert.equal(pool.find(a)?.cpuSeconds, 10);
  hosts.of(a).load();
  await reloading;
  assert.equal(pool.find(a)?.cpuSeconds, 11);
  hosts.of(a).crash(false);
  await clock.pass(1);
  hosts.of(a).cpuSeconds = 2;
  assert.equal(pool.find(a)?.cpuSeconds, 13);
});

test("an unload by a client does not cancel the load of an address that is written like it, nor the other way round", async (t) => {
  const { hosts, pool } = made(t);
  const alike = { client: address.client, kind: "client" } as const;
  for (const [loader, other] of [
    [alike, address],
    [address, alike],
  ] as const) {
    const loading = pool.load(a, { claimant: loader });
    await settle();
    await assert.rejects(pool.unload(a, other), { reason: "model_in_use" });
    hosts.of(a).load();
    await loading;
    assert.equal((await pool.unload(a, loader)).unloaded, true);
  }
});

test("of two who load behind one address, one cannot cancel the load of the other", async (t) => {
  const { hosts, pool } = made(t);
  const loads = [pool.load(a, { claimant: address }), pool.load(a, { claimant: address })];
  await settle();
  await assert.rejects(pool.unload(a, address), { reason: "model_in_use" });
  hosts.of(a).load();
  await Promise.all(loads);
  assert.equal(pool.find(a)?.holds[0]?.count, 2);
  assert.equal((await pool.unload(a, address)).unloaded, false);
  assert.equal((await pool.unload(a, address)).unloaded, true);
});

test("a model that hangs in its warm-up is held back, not loaded again and again", async (t) => {
  const { hosts, pool } = made(t, {
    warmUp: async () => {
      throw new VoxpoolError("host_hung", { model_path: "model/a", idle_seconds: 5 });
    },
  });
  const loading = assert.rejects(pool.load(a), { reason: "host_hung" });
  await settle();
  hosts.of(a).load();
  await loading;
  await assert.rejects(pool.load(a), { reason: "model_quarantined" });
});

test("what comes from an address keeps its counted holds", async (t) => {
  const { pool, loaded, clock } = made(t, { holdIdleSeconds: 100, tickSeconds: 5 });
  await loaded(a, address);
  await clock.pass(90);
  pool.touch(a, address);
  pool.touch(b, address);
  await clock.pass(90);
  assert.equal(pool.find(a)?.holds.length, 1);
  await clock.pass(15);
  assert.equal(pool.find(a)?.holds.length, 0);
});
