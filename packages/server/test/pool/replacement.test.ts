import assert from "node:assert/strict";
import { test } from "node:test";
import type { WarmUp } from "../../dist/pool/incarnation.js";
import { bursts, feed, gone, isAlive } from "../host/harness.ts";
import { realPool, recognise } from "./real-pool.ts";

const [one, two] = (["one", "two"] as const).map((client) => ({ client, kind: "client" }) as const);
assert.ok(one && two);

/** A process is replaced when it has grown by so much. */
const boundBytes = (warmBytes: number): number => warmBytes + 100_000_000;

test("a process that grows past its bound is replaced: the fresh one is warm before the old one drains, and no request fails", async (t) => {
  const growth = { text: "heard", growBytes: 30_000_000, decodeMs: 100 };
  const { pool, folder, hosts, seen, until } = await realPool(t, growth, { boundBytes });
  const { pid } = await pool.load(folder, { claimant: one });
  assert.ok(pid !== undefined);
  const busy = await pool.lease(folder);
  const replaced = until("replaced");
  for (let request = 0; hosts.length === 1; request += 1) {
    assert.ok(request < 50, "it grows past its bound");
    const lease = await pool.lease(folder);
    assert.deepEqual(await recognise(lease), ["heard"]);
    lease.release();
  }
  await replaced;
  assert.equal(isAlive(pid), true, "who began in the old process can finish there");
  assert.equal(pool.find(folder)?.state, "ready");
  assert.notEqual(pool.find(folder)?.pid, pid);
  assert.deepEqual(await recognise(busy), ["heard"]);
  busy.release();
  await gone(pid);
  assert.equal(pool.find(folder)?.holds.length, 1);
  assert.ok(!seen.some(({ type }) => type === "crashed"));
  assert.ok(hosts.length <= 3, `${hosts.length} processes`);
});

test("a process that takes all memory at once is ended before the system ends another", async (t) => {
  const runaway = { growBytes: 400_000_000, decodeMs: 60_000 };
  const { pool, folder } = await realPool(t, runaway, { boundBytes });
  const lease = await pool.lease(folder);
  const { pid } = lease.instance;
  assert.ok(pid !== undefined);
  await assert.rejects(recognise(lease), (error: Error) => /it took \d+ MB and was ended/.test(error.message));
  // A fresh process may have taken over while this one was still growing: then nothing of the instance crashed.
  assert.equal(await lease.ended, "model");
  lease.release();
  await gone(pid);
  const next = await pool.lease(folder);
  assert.notEqual(next.instance.pid, pid);
  next.release();
});

test("reload reads files that were replaced: who began hears the old ones to the end", async (t) => {
  const { pool, folder, rewrite } = await realPool(t, { text: "old {index}" });
  await pool.load(folder, { claimant: one });
  const lease = await pool.lease(folder);
  const session = lease.open({ words: false });
  const heard: string[] = [];
  await feed(session, bursts(2));
  for await (const work of session.works()) {
    if (heard.length === 0) {
      rewrite({ text: "new" });
      await pool.reload(folder);
    }
    heard.push(...(await work.run()).results.map(({ text }) => text));
  }
  assert.deepEqual(heard, ["old 0", "old 1"]);
  const next = await pool.lease(folder);
  assert.deepEqual(await recognise(next), ["new"]);
  for (const done of [lease, next]) done.release();
  assert.ok(lease.instance.pid !== undefined);
  await gone(lease.instance.pid);
});

test("a reload of files that are broken fails, and the old process serves on", async (t) => {
  const { pool, folder, rewrite } = await realPool(t, { text: "old" });
  const { pid } = await pool.load(folder, { claimant: one });
  rewrite({ load: "abort" });
  await assert.rejects(pool.reload(folder), { reason: "model_load_failed" });
  const lease = await pool.lease(folder);
  assert.equal(lease.instance.pid, pid);
  assert.deepEqual(await recognise(lease), ["old"]);
  lease.release();
});

test("unload in the warm-up cancels it, and the process is gone", async (t) => {
  const warming = Promise.withResolvers<void>();
  const warmUp: WarmUp = (_host, _info, _id, signal) => {
    warming.resolve();
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  };
  const { pool, folder, hosts } = await realPool(t, {}, { warmUp });
  const loading = assert.rejects(pool.load(folder, { claimant: one }), { reason: "model_load_cancelled" });
  await warming.promise;
  assert.equal(pool.find(folder)?.state, "warming");
  assert.equal((await pool.unload(folder, one)).unloaded, true);
  await loading;
  assert.equal(pool.find(folder), undefined);
  assert.equal(isAlive(hosts[0]?.pid ?? 0), false);
});

/** All orders of some things. */
function orders<T>(things: readonly T[]): T[][] {
  if (things.length <= 1) return [[...things]];
  return things.flatMap((first, at) => orders(things.toSpliced(at, 1)).map((rest) => [first, ...rest]));
}

test("loads and unloads of two clients and a recognition, all at once in every order: nobody takes from the other", async (t) => {
  const { pool, folder, hosts } = await realPool(t, {});
  const acts = {
    loadOne: () => pool.load(folder, { claimant: one }),
    loadTwo: () => pool.load(folder, { claimant: two }),
    unloadOne: () => pool.unload(folder, one),
    lease: async () => (await pool.lease(folder)).release(),
  };
  for (const order of orders(Object.keys(acts) as (keyof typeof acts)[])) {
    const results = await Promise.allSettled(order.map((act) => acts[act]()));
    const { holds = [], pid } = pool.find(folder) ?? {};
    const loadedTwo = results[order.indexOf("loadTwo")];
    assert.equal(loadedTwo?.status, "fulfilled", `${order.join()}: nobody but a client itself cancels its load`);
    assert.ok(
      holds.some(({ client }) => client === "two"),
      `${order.join()}: its hold is there`,
    );
    assert.ok(pid !== undefined && isAlive(pid), order.join());
    assert.equal(results[order.indexOf("lease")]?.status, "fulfilled", order.join());
    assert.equal(hosts.filter((host) => host.pid !== undefined && isAlive(host.pid)).length, 1, order.join());
    await pool.unload(folder, two, { force: true });
    assert.ok(!hosts.some((host) => host.pid !== undefined && isAlive(host.pid)), order.join());
  }
});
