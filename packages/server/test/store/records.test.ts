import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import fc from "fast-check";
import { VoxpoolError } from "../../dist/base/errors.js";
import { silentLog } from "../../dist/base/log.js";
import { createAliases } from "../../dist/store/aliases.js";
import { createCounters } from "../../dist/store/counters.js";
import { createPoisonRecords } from "../../dist/store/poison.js";
import { createRecords, loadRecords } from "../../dist/store/records.js";
import { openStore, type Store } from "../../dist/store/store.js";
import { scratchDirectory } from "../base/scratch.ts";

async function inMemory(t: TestContext): Promise<Store> {
  const store = await openStore({ log: silentLog });
  t.after(() => store.close());
  return store;
}

const day = 24 * 60 * 60;
const poison = (number: number, at: number) => ({
  directory: "/m/cn",
  files: "f",
  samples: 16_000,
  digest: number.toString(16),
  at,
});

test("all that was recorded is there at the next start, as it was last", async (t) => {
  const file = join(scratchDirectory(t), "state.db");
  const first = await openStore({ file, log: silentLog });
  const { aliases, pins, defaults, quarantine, poison: poisons, counters, facts } = createRecords(first, silentLog);
  const failed = { reason: "model_load_failed", failures: 2, until: 1e9 + 0.5, files: "12:34" };
  const now = Date.now() / 1000;
  counters.put("model/cn", { requests: 1 });
  counters.put("model/cn", { requests: 2, errors_by_reason: { 内部: 1 } });
  await Promise.all([
    aliases.set("听写", "model/cn"),
    aliases.set("听写", "model/cn@2"),
    aliases.set("gone", "model/cn"),
    aliases.remove("gone"),
    pins.set("/m/cn", true),
    pins.set("/m/cn", true),
    pins.set("/m/en", true),
    pins.set("/m/en", false),
    defaults.set("/m/cn", { version: "1", at: 1 }),
    defaults.set("/m/cn", { version: "2", at: 2.5 }),
    defaults.set("/m/en", { version: "1", at: 1 }),
    defaults.remove("/m/en"),
    quarantine.set("/m/bad", { ...failed, failures: 1, details: {} }),
    quarantine.set("/m/bad", { ...failed, details: { detail: 'it\'s "bad"', size: 3, again: true } }),
    quarantine.set("/m/good", { ...failed, details: {} }),
    quarantine.remove("/m/good"),
    poisons.add(poison(1, now)),
    poisons.add(poison(1, now)),
    facts.set("/m/cn", 1),
    facts.set("/m/cn", 5e11),
    counters.close(),
  ]);
  await first.close();
  const store = await openStore({ file, log: silentLog });
  t.after(() => store.close());
  assert.deepEqual(await loadRecords(createRecords(store, silentLog)), {
    aliases: new Map([["听写", "model/cn@2"]]),
    pins: new Set(["/m/cn"]),
    defaults: new Map([["/m/cn", { version: "2", at: 2.5 }]]),
    quarantine: new Map([["/m/bad", { ...failed, details: { detail: 'it\'s "bad"', size: 3, again: true } }]]),
    poison: [poison(1, now)],
    counters: new Map([["model/cn", { requests: 2, errors_by_reason: { 内部: 1 } }]]),
    facts: new Map([["/m/cn", 5e11]]),
    keys: [],
  });
});

test("any text comes back as it went in, and none is taken for SQL", async (t) => {
  const aliases = createAliases(await inMemory(t));
  const texts = fc.string({ unit: "binary", maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(texts, texts, async (alias, target) => {
      await aliases.set(alias, target);
      assert.equal((await aliases.load()).get(alias), target);
      await aliases.remove(alias);
      assert.equal((await aliases.load()).size, 0);
    }),
    { numRuns: 50, examples: [["'; DROP TABLE aliases; --", "a\0b"]] },
  );
});

suite("poison", () => {
  test("is forgotten after thirty days", async (t) => {
    const store = await inMemory(t);
    let now = 1e9;
    const records = createPoisonRecords(store, () => now);
    await records.add(poison(1, now));
    now += 29 * day;
    await records.add(poison(2, now));
    assert.equal((await records.load()).length, 2);
    now += 2 * day;
    assert.deepEqual(await records.load(), [poison(2, now - 2 * day)]);
    await records.add(poison(3, now));
    assert.equal((await store.read("SELECT * FROM poison")).length, 2, "it leaves the file too");
  });

  test("is a thousand records at most, the newest ones", async (t) => {
    const store = await inMemory(t);
    const records = createPoisonRecords(store, () => 1e9);
    await Promise.all(Array.from({ length: 1100 }, (_, index) => records.add(poison(index, 1e9 + index))));
    const kept = await records.load();
    assert.deepEqual([kept.length, kept[0]?.at, kept.at(-1)?.at], [1000, 1e9 + 1099, 1e9 + 100]);
    assert.equal((await store.read("SELECT * FROM poison")).length, 1000);
  });
});

suite("counters", () => {
  test("are written together after a while, however often they change", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const store = await inMemory(t);
    let writes = 0;
    const write: Store["write"] = (...statements) => {
      writes++;
      return store.write(...statements);
    };
    const counting: Store = { ...bound(store), write };
    const counters = createCounters({ store: counting, log: silentLog, writeAfterMs: 5000 });
    for (let requests = 1; requests <= 1000; requests++) {
      counters.put("a", { requests });
      counters.put("b", { requests });
    }
    assert.deepEqual(await written(store), []);
    t.mock.timers.tick(5000);
    assert.deepEqual(await written(store), ['{"requests":1000}', '{"requests":1000}']);
    assert.equal(writes, 1);
    t.mock.timers.tick(60_000);
    assert.equal(writes, 1, "nothing changed");
    counters.put("a", { requests: 1000 });
    t.mock.timers.tick(60_000);
    assert.deepEqual(await written(store), ['{"requests":1000}', '{"requests":1000}']);
    assert.equal(writes, 1, "what is as it was is not written again");
    counters.put("a", { requests: 1001 });
    counters.put("a", { requests: 1000 });
    t.mock.timers.tick(60_000);
    assert.deepEqual(await written(store), ['{"requests":1000}', '{"requests":1000}']);
    await counters.close();
    counters.put("a", { requests: 5000 });
    await counters.flush();
    assert.equal(writes, 2, "after the close nothing is counted");
  });

  test("that cannot be written are logged and written later, in their newest state", async (t) => {
    const store = await inMemory(t);
    const lines: unknown[] = [];
    let isFull = true;
    const failing: Store = {
      ...bound(store),
      write: async (...all) => {
        if (isFull) throw new VoxpoolError("disk_full", { what: "the state of the server" });
        await store.write(...all);
      },
    };
    const log = { ...silentLog, warn: (fields: object) => lines.push(fields) };
    const counters = createCounters({ store: failing, log });
    counters.put("a", { requests: 1 });
    counters.put("b", { requests: 1 });
    const flushing = counters.flush();
    counters.put("a", { requests: 2 });
    await flushing;
    assert.equal(lines.length, 1);
    isFull = false;
    await counters.close();
    assert.deepEqual(await written(store), ['{"requests":2}', '{"requests":1}']);
  });
});

async function written(store: Store): Promise<unknown[]> {
  return (await store.read("SELECT counts FROM counters ORDER BY model_path")).map(({ counts }) => counts);
}

function bound(store: Store): Store {
  return {
    write: (...statements) => store.write(...statements),
    read: (sql, ...values) => store.read(sql, ...values),
    backUp: (file) => store.backUp(file),
    close: () => store.close(),
  };
}
