import assert from "node:assert/strict";
import { test } from "node:test";
import type { VoxpoolError } from "../../dist/base/errors.js";
import { bursts, feed, gone, isAlive } from "../host/harness.ts";
import { FakeClock } from "./fake-clock.ts";
import { realPool, recognise } from "./real-pool.ts";

const someone = { client: "one", kind: "client" } as const;

for (const decodeAt of [1, 2, 3]) {
  test(`a crash in decode ${decodeAt} of three: what was decoded before is there, and another process comes`, async (t) => {
    const { pool, folder, until, rewrite } = await realPool(t, { text: "{index}", decode: "abort", decodeAt });
    await pool.load(folder, { claimant: someone });
    const lease = await pool.lease(folder);
    const restarting = until("restarting");
    const heard: string[] = [];
    const session = lease.open({ words: false });
    feed(session, bursts(3)).catch(() => undefined);
    await assert.rejects(
      (async () => {
        for await (const work of session.works()) heard.push(...(await work.run()).results.map(({ text }) => text));
      })(),
      { reason: "host_crashed" },
    );
    assert.deepEqual(heard, ["0", "1", "2"].slice(0, decodeAt - 1));
    assert.equal(await lease.ended, "model");
    await restarting;
    rewrite({ text: "fine" });
    const next = await pool.lease(folder);
    assert.notEqual(next.instance.pid, lease.instance.pid);
    assert.deepEqual([next.instance.restarts, next.instance.holds.length], [1, 1]);
    assert.match(String(next.instance.failure?.error.details.detail ?? "SIGABRT"), /SIGABRT/);
    for (const one of [lease, next]) one.release();
  });
}

test("a model that keeps ending its process: back-off, then the breaker; a trial that fails opens it for longer, one that passes closes it", async (t) => {
  const clock = new FakeClock();
  const { pool, folder, until, rewrite } = await realPool(t, { decode: "abort" }, { clock });
  await pool.load(folder, { claimant: someone });
  /** Ends the process by a decode; resolves when the pool knows. */
  const crash = async (next: "restarting" | "failed", pauseSeconds: number): Promise<void> => {
    const leasing = pool.lease(folder);
    await clock.pass(pauseSeconds);
    const lease = await leasing;
    const known = until(next);
    await assert.rejects(recognise(lease), { reason: "host_crashed" });
    lease.release();
    await known;
  };
  await crash("restarting", 0);
  await crash("restarting", 0);
  await crash("restarting", 0.25);
  await crash("restarting", 0.5);
  await crash("failed", 1);
  const refused = async (seconds: number, failures: number): Promise<void> => {
    await assert.rejects(pool.lease(folder), (error: VoxpoolError) => {
      assert.equal(error.reason, "model_unavailable");
      assert.deepEqual([error.details.retry_after_seconds, error.details.failures], [seconds, failures]);
      assert.match(String(error.details.detail), /SIGABRT/);
      return true;
    });
  };
  await refused(10, 5);
  await clock.pass(4);
  await refused(6, 5);
  assert.equal(pool.find(folder)?.holds.length, 1, "the hold outlives the breaker");
  await clock.pass(6);
  await crash("failed", 0);
  await refused(20, 6);
  rewrite({ text: "fine again" });
  await clock.pass(20);
  const trial = await pool.lease(folder);
  assert.deepEqual(await recognise(trial), ["fine again"]);
  trial.countUse();
  trial.release();
  const { pid } = trial.instance;
  assert.ok(pid !== undefined);
  const restarting = until("restarting");
  process.kill(pid, "SIGSEGV");
  await restarting;
  const leasing = pool.lease(folder);
  await clock.pass(0);
  const after = await leasing;
  assert.equal(after.instance.state, "ready", "one end after a trial that passed is a first one");
  after.release();
});

const signals = [
  ["SIGTERM", "outside"],
  ["SIGINT", "outside"],
  ["SIGHUP", "outside"],
  ["SIGKILL", "outside"],
  ["SIGSTOP", "outside"],
  ["SIGSEGV", "model"],
  ["SIGABRT", "model"],
] as const;
const skip = process.platform === "win32" ? "Windows has no signals" : false;

for (const [signal, blame] of signals) {
  test(`${signal} to a loaded process: another comes, nobody's hold is lost, and the blame is with ${blame}`, {
    skip,
  }, async (t) => {
    const { pool, folder, seen } = await realPool(t, {}, { hangSeconds: 1 });
    await pool.load(folder, { claimant: someone });
    const lease = await pool.lease(folder);
    const { pid } = lease.instance;
    assert.ok(pid !== undefined);
    process.kill(pid, signal);
    assert.equal(await lease.ended, blame);
    lease.release();
    const next = await pool.lease(folder);
    assert.notEqual(next.instance.pid, pid);
    assert.equal(next.instance.holds.length, 1);
    assert.equal(isAlive(pid), false);
    assert.deepEqual(await recognise(next), ["hello world"]);
    next.release();
    assert.equal(seen.filter(({ type }) => type === "crashed").length, 1);
  });

  test(`${signal} to a process that loads: ${blame === "model" ? "the load failed" : "it is loaded again"}`, {
    skip,
  }, async (t) => {
    const slow = { loadMs: 60_000 };
    const { pool, folder, hosts, until, rewrite } = await realPool(t, slow, { loadIdleSeconds: 2 });
    const started = until("host");
    const loading = pool.load(folder, { claimant: someone });
    loading.catch(() => undefined);
    await started;
    const first = hosts[0];
    assert.ok(first?.pid !== undefined);
    while (first.memoryBytes === 0) await new Promise((resolve) => setImmediate(resolve)); // until its first heartbeat
    rewrite({});
    process.kill(first.pid, signal);
    if (blame === "outside") assert.equal((await loading).holds.length, 1);
    else await assert.rejects(loading, { reason: "model_load_failed" });
    assert.equal(hosts.length, blame === "outside" ? 2 : 1);
    assert.equal(isAlive(first.pid), false);
  });
}

test("a process that does not react to its end is killed, and its model is gone", { skip }, async (t) => {
  const { pool, folder } = await realPool(t, {});
  const { pid } = await pool.load(folder, { claimant: someone });
  assert.ok(pid !== undefined);
  process.kill(pid, "SIGSTOP");
  assert.deepEqual(await pool.unload(folder, someone), { unloaded: true, holds: [] });
  await gone(pid);
  assert.deepEqual(pool.list(), []);
});

test("a process that hangs in a decode is replaced, and others wait for the next one", async (t) => {
  const { pool, folder, rewrite } = await realPool(t, { decode: "hang" }, { hangSeconds: 1 });
  const lease = await pool.lease(folder);
  rewrite({ text: "next" });
  await assert.rejects(recognise(lease), { reason: "host_hung" });
  assert.equal(await lease.ended, "model");
  lease.release();
  const next = await pool.lease(folder);
  assert.deepEqual(await recognise(next), ["next"]);
  next.release();
});

test("a crash on load is held back for a growing time; other files are loaded at once", async (t) => {
  const clock = new FakeClock();
  const { pool, folder, hosts, rewrite } = await realPool(t, { load: "abort" }, { clock });
  for (const seconds of [2, 4]) {
    await assert.rejects(pool.load(folder), { reason: "model_load_failed" });
    const count = hosts.length;
    await assert.rejects(pool.load(folder), {
      reason: "model_quarantined",
    });
    assert.equal(hosts.length, count, "nothing is started meanwhile");
    assert.equal((pool.quarantineOf(folder)?.until ?? 0) - clock.unix(), seconds);
    await clock.pass(seconds);
  }
  await assert.rejects(pool.load(folder), { reason: "model_load_failed" });
  rewrite({ text: "mended" });
  await pool.load(folder, { claimant: someone });
  assert.equal(pool.quarantineOf(folder), undefined);
});
