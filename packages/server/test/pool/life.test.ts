import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createCatalog } from "../../dist/catalog/catalog.js";
import { createPool, type PoolOptions } from "../../dist/pool/pool.js";
import type { InstanceSnapshot, PoolEvent } from "../../dist/pool/types.js";
import { scratchDirectory } from "../base/scratch.ts";
import { type ModelContent, writeModel } from "../server/running.ts";
import { poolOptions, somebody } from "./pool-parts.ts";

async function poolOf(t: TestContext, content: ModelContent, options: Partial<PoolOptions> = {}) {
  const directory = scratchDirectory(t);
  writeModel(join(directory, "model", "one"), content);
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: directory, fakeEngine: true });
  const pool = createPool({ ...poolOptions(catalog), tickSeconds: 0.02, ...options });
  t.after(() => pool.close());
  const events = new EventEmitter();
  const seen: PoolEvent[] = [];
  pool.subscribe((event) => {
    seen.push(event);
    events.emit(event.type === "state" ? event.instance.state : event.type, event);
  });
  return { pool, folder: await catalog.resolve("one"), seen, until: (what: string) => once(events, what) };
}

const hello: ModelContent = { fake: {} };

const states = (seen: readonly PoolEvent[]) =>
  seen.flatMap((event) => (event.type === "state" ? [event.instance.state] : []));

test("a load goes through loading, warming and ready; the last hold given back ends it", async (t) => {
  const { pool, folder, seen } = await poolOf(t, hello);
  const { holds } = await pool.load(folder, { claimant: somebody });
  assert.deepEqual(
    holds.map(({ client, count }) => [client, count]),
    [["127.0.0.1", 1]],
  );
  assert.deepEqual(await pool.unload(folder, somebody), { unloaded: true, holds: [] });
  assert.deepEqual(states(seen), ["loading", "warming", "ready", "draining", "stopped"]);
  await assert.rejects(pool.unload(folder, somebody), { reason: "model_not_loaded" });
});

test("a process that is killed is started again, and a lease waits for it", async (t) => {
  const { pool, folder, seen, until } = await poolOf(t, hello);
  const { pid } = (await pool.load(folder, { claimant: somebody })) as InstanceSnapshot & { pid: number };
  const restarting = until("restarting");
  process.kill(pid, "SIGKILL");
  await restarting;
  const lease = await pool.lease(folder);
  assert.notEqual(lease.instance.pid, pid);
  assert.equal(lease.instance.restarts, 1);
  assert.equal(lease.instance.holds.length, 1);
  lease.release();
  assert.deepEqual(states(seen), ["loading", "warming", "ready", "restarting", "ready"]);
});

test("what nobody holds goes after its time, what is held stays", async (t) => {
  const { pool, folder, until } = await poolOf(t, hello, { keepAliveSeconds: 0 });
  const stopped = until("stopped");
  (await pool.lease(folder)).release();
  await stopped;
  await pool.load(folder, { claimant: { client: "a", kind: "client" }, leaseSeconds: 0.1 });
  const [event] = (await until("hold")) as [PoolEvent];
  assert.equal(event.type === "hold" && event.change, "lapsed");
  await until("stopped");
  assert.deepEqual(pool.list(), []);
});
