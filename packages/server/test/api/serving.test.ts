import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type FailoverParts, openServing } from "../../dist/api/failover.js";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createCatalog, type ModelFolder } from "../../dist/catalog/catalog.js";
import { Names } from "../../dist/pool/names.js";
import { createPool } from "../../dist/pool/pool.js";
import { scratchDirectory } from "../base/scratch.ts";
import { poolOptions } from "../pool/pool-parts.ts";
import { writeModel } from "../server/running.ts";

const files = { "fake.json": "{}", "voxpool.json": '{"engine":"fake","languages":["zh"]}' };

/** Models of one language on the disk, and a pool with real processes. */
function madeOf(t: TestContext, ids: readonly string[], failover: Partial<FailoverParts["failover"]> = {}) {
  const directory = scratchDirectory(t);
  for (const id of ids) writeModel(join(directory, "model", id), { files });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: directory, fakeEngine: true });
  const pool = createPool(poolOptions(catalog));
  t.after(() => pool.close());
  const names = new Names({ catalog, loaded: () => pool.list() });
  const settings = { chains: new Map(), automatic: "off", waitSeconds: 0, ...failover } as const;
  return { catalog, pool, names, failover: settings };
}

const wish = (folder: ModelFolder) => ({
  folder,
  isNamed: true,
  wordsDemanded: false,
  signal: new AbortController().signal,
});

test("a model that opens while others are looked for keeps what it began", async (t) => {
  const parts = madeOf(t, ["slow", "ready"], { automatic: "all" });
  await parts.pool.load(await parts.names.resolve("ready"));
  const looking = Promise.withResolvers<void>();
  const looked = Promise.withResolvers<void>();
  const { promise: found, resolve: find } = Promise.withResolvers<void>();
  const slow = await parts.names.resolve("slow");
  const catalog: typeof parts.catalog = {
    ...parts.catalog,
    list: async () => {
      looking.resolve();
      await found;
      return parts.catalog.list();
    },
    describe: async (folder) => {
      const spec = await parts.catalog.describe(folder);
      if (folder.directory === slow.directory) describes += 1;
      if (describes === 2) looked.resolve(); // as one of all, and then as the one that was wished
      return spec;
    },
  };
  let describes = 0;
  const serving = await openServing({ ...parts, catalog }, wish(slow), async (_folder, signal) => {
    await looking.promise;
    return signal;
  });
  find();
  await looked.promise;
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(serving.folder.id, "slow");
  assert.equal(serving.opened.aborted, false);
});

test("a model that opens in the moment in which it is given up is not handed out: another one serves", async (t) => {
  const parts = madeOf(t, ["slow", "ready"], { automatic: "all" });
  const ready = await parts.names.resolve("ready");
  await parts.pool.load(ready);
  const slow = await parts.names.resolve("slow");
  const serving = await openServing(parts, wish(slow), async ({ directory }, signal) => {
    if (directory === slow.directory) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return signal;
  });
  assert.deepEqual([serving.folder.id, serving.opened.aborted], ["ready", false]);
  assert.equal(serving.instead?.reason, "model_unavailable");
});

test("what a chain names serves in the version that its name means, after a switch and beside the old one", async (t) => {
  const chains = new Map([["model/wished", ["good", "model/cn"]]]);
  const parts = madeOf(t, ["wished", "cn/1", "cn/2"], { chains });
  const [old, next] = [await parts.names.resolve("cn@1"), await parts.names.resolve("cn@2")];
  parts.names.choose(next, "1");
  for (const folder of [old, { ...next, modelPath: "model/cn@2" }]) await parts.pool.load(folder);
  parts.names.choose(next, "2");
  parts.names.setAlias("good", "model/none");
  const fail = new VoxpoolError("model_load_failed", { model_path: "model/wished", detail: "as the test says" });
  const wished = wish(await parts.names.resolve("wished"));
  const serving = await openServing(parts, wished, async (folder) => {
    if (folder.id === "wished") throw fail;
    return folder.version;
  });
  assert.deepEqual([serving.opened, serving.folder.modelPath], ["2", "model/cn"]);
  await parts.pool.retire(old);
  const alone = await openServing(parts, wished, async (folder) => {
    if (folder.id === "wished") throw fail;
    return folder.version;
  });
  assert.equal(alone.opened, "2");
});

test("what is refused for want of room in the queue is not tried with every other model", async (t) => {
  const parts = madeOf(t, ["one", "two"], { automatic: "all" });
  const tried: string[] = [];
  const refused = openServing(parts, wish(await parts.names.resolve("one")), async ({ id }) => {
    tried.push(id);
    throw new VoxpoolError("over_capacity", { retry_after_seconds: 3 });
  });
  await assert.rejects(refused, { reason: "over_capacity" });
  assert.deepEqual(tried, ["one"]);
});
