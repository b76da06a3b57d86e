import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createStatistics } from "../../dist/observe/statistics.js";
import { createPool, type PoolOptions } from "../../dist/pool/pool.js";
import type { PoolEvent } from "../../dist/pool/types.js";
import { FakeClock, settle } from "./fake-clock.ts";
import { FakeHosts, folderOf } from "./fake-hosts.ts";

const [a, b] = [folderOf("a"), folderOf("b")];
const holder = { client: "one", kind: "client" } as const;

/** A pool on hosts that a test drives. */
function made(t: TestContext, options: Partial<PoolOptions> = {}) {
  const clock = new FakeClock();
  const hosts = new FakeHosts();
  const pool = createPool({ ...hosts.options(clock), ...options });
  const events: PoolEvent[] = [];
  pool.subscribe((event) => events.push(event));
  t.after(() => pool.close());
  const loaded = async (folder = a, bytes = 0) => {
    const loading = pool.load(folder);
    await settle();
    hosts.of(folder).load(bytes);
    return loading;
  };
  /** Ends its processes until the breaker opens. */
  const broken = async (folder = a, bytes = 0) => {
    await loaded(folder, bytes);
    for (let crashes = 1; pool.find(folder)?.state !== "failed"; crashes += 1) {
      assert.ok(crashes <= 5, "the breaker opens");
      hosts.of(folder).crash(false);
      await settle();
      await clock.pass(8);
      if (pool.find(folder)?.state === "restarting") {
        hosts.of(folder).load(bytes);
        await settle();
      }
    }
  };
  return { clock, hosts, pool, events, loaded, broken };
}

test("an open breaker outlives its pause however short the model is kept", async (t) => {
  const { clock, pool, broken } = made(t, { keepAliveSeconds: 1 });
  await broken();
  const { retryAt } = pool.find(a) ?? {};
  assert.ok(retryAt !== undefined);
  const { expiresAt } = pool.find(a) ?? {};
  assert.equal(expiresAt, retryAt + 1);
  await clock.pass(retryAt - clock.unix());
  assert.equal(pool.find(a)?.state, "failed");
});

test("who holds nothing and unloads a model does not close its breaker; by force it is closed", async (t) => {
  const { clock, hosts, pool, loaded, broken } = made(t);
  await broken();
  assert.deepEqual(await pool.unload(a, holder), { unloaded: true, holds: [] });
  await assert.rejects(pool.load(a), { reason: "model_unavailable" });
  await clock.pass(10);
  // The first one after the pause is the trial, also where the instance is a new one.
  await loaded();
  hosts.of(a).crash(false);
  await settle();
  assert.equal(pool.find(a)?.state, "failed");
  await pool.unload(a, holder, { force: true });
  assert.equal((await loaded()).state, "ready");
});

test("the trial of an open breaker asks for room, and that there is none is no fault of the model", async (t) => {
  const budget = { memoryBytes: 100, instances: 4 };
  const { clock, hosts, pool, loaded, broken } = made(t, { budget, estimateBytes: () => 80 });
  await broken(a, 80);
  await loaded(b, 80);
  await pool.load(b, { claimant: holder });
  await clock.pass(10);
  const before = hosts.all.length;
  for (let tries = 0; tries < 3; tries += 1) await assert.rejects(pool.load(a), { reason: "pool_full" });
  assert.equal(hosts.all.length, before, "no process was started");
  await pool.unload(b, holder);
  await settle();
  assert.equal((await loaded(a, 80)).state, "ready");
});

test("a trial makes room as a first load does: what is idle goes", async (t) => {
  const budget = { memoryBytes: 100, instances: 4 };
  const { clock, pool, loaded, broken } = made(t, { budget, estimateBytes: () => 80 });
  await broken(a, 80);
  await loaded(b, 80);
  await clock.pass(10);
  await loaded(a, 80);
  assert.deepEqual(
    pool.list().map(({ folder }) => folder.id),
    ["a"],
  );
});

test("processor time is counted once, over all processes of an instance", async (t) => {
  const { clock, hosts, pool, loaded } = made(t);
  const statistics = createStatistics({ instances: () => pool.list() });
  pool.subscribe((event) => statistics.apply(event));
  await loaded();
  hosts.of(a).cpuSeconds = 5;
  statistics.sample();
  hosts.of(a).crash(false);
  await clock.pass(1);
  hosts.of(a).cpuSeconds = 2;
  hosts.of(a).load();
  await settle();
  assert.equal(statistics.read().total.cpu_seconds, 7);
  await pool.unload(a, holder);
  await loaded();
  hosts.of(a).cpuSeconds = 1;
  assert.equal(statistics.read().total.cpu_seconds, 8);
});

test("an opened breaker is no failed load", async (t) => {
  const { clock, pool, events, broken } = made(t);
  const statistics = createStatistics({ instances: () => pool.list() });
  pool.subscribe((event) => statistics.apply(event));
  await broken();
  await clock.pass(10);
  assert.ok(events.some((event) => event.type === "state" && event.instance.state === "failed"));
  const { load_failures, restarts } = statistics.read().total;
  assert.deepEqual([load_failures, restarts], [0, 5]);
});
