import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { suite, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { VoxpoolError } from "../../dist/base/errors.js";
import { type Log, silentLog } from "../../dist/base/log.js";
import { createAliases } from "../../dist/store/aliases.js";
import { openStore, type Store, type StoreOptions } from "../../dist/store/store.js";
import { scratchDirectory } from "../base/scratch.ts";

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

/** Opens a store that is closed with the test, and takes down what it logs. */
async function opened(t: TestContext, options: Omit<StoreOptions, "log">): Promise<{ store: Store; lines: string[] }> {
  const lines: string[] = [];
  const log: Log = { ...silentLog, error: (fields, message) => lines.push(`${message} ${JSON.stringify(fields)}`) };
  const store = await openStore({ log, ...options });
  t.after(() => store.close());
  return { store, lines };
}

async function refusal(doing: Promise<unknown>): Promise<VoxpoolError> {
  const error = await doing.then(
    () => assert.fail("it was done"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof VoxpoolError, String(error));
  return error;
}

const put = (alias: string) => ({ sql: "INSERT INTO aliases VALUES (?, 'model/cn')", values: [alias] });

suite("what is written", () => {
  test("is there after a close, also what was not yet acknowledged when it was closed", async (t) => {
    const file = join(scratchDirectory(t), "state.db");
    const first = await openStore({ file, log: silentLog });
    const writing = Array.from({ length: 1200 }, (_, index) => createAliases(first).set(`a${index}`, "model/cn"));
    const closing = first.close();
    await Promise.all([...writing, closing, first.close()]);
    const { store, lines } = await opened(t, { file });
    assert.equal((await createAliases(store).load()).size, 1200);
    assert.deepEqual(lines, []);
    assert.equal((await refusal(first.write(put("b")))).reason, "server_stopping");
  });

  test("is seen by a read that comes after it, whether or not it was acknowledged", async (t) => {
    const { store } = await opened(t, {});
    const writing = [store.write(put("a")), store.write(put("b")), store.write(put("c"))];
    assert.equal((await store.read("SELECT * FROM aliases")).length, 3);
    await Promise.all(writing);
  });

  test("fails alone when it is wrong, and then wholly", async (t) => {
    const { store } = await opened(t, {});
    const results = await Promise.allSettled([
      store.write(put("a")),
      store.write(put("b"), put("a")),
      store.write(put("c")),
      store.write({ sql: "INSERT INTO nowhere VALUES (1)" }),
      store.write(put("d")),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled"],
    );
    const rows = await store.read("SELECT alias FROM aliases ORDER BY alias");
    assert.deepEqual(
      rows.map(({ alias }) => alias),
      ["a", "c", "d"],
    );
    assert.equal((await refusal(store.read("SELECT * FROM nowhere"))).reason, "state_unwritable");
  });

  test("waits in a queue with an end", async (t) => {
    const { store } = await opened(t, { mostWaiting: 10 });
    const results = await Promise.allSettled(Array.from({ length: 30 }, (_, index) => store.write(put(`a${index}`))));
    const refused = results.filter(({ status }) => status === "rejected");
    assert.equal(refused.length, 30 - 11, "one with the thread, ten waiting");
    await store.write(put("later"));
  });

  test("survives kill -9 once it is acknowledged, again and again", async (t) => {
    const file = join(scratchDirectory(t), "state.db");
    const kept = new Set<string>();
    for (let round = 0; round < 8; round++) {
      const child = spawn(process.execPath, [fixture("writer.ts"), file, `${round * 10_000}`], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let left = 5 + round * 7;
      for await (const line of createInterface({ input: child.stdout })) {
        kept.add(`alias-${line}`);
        if (--left === 0) child.kill("SIGKILL");
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    const { store, lines } = await opened(t, { file });
    const found = await createAliases(store).load();
    assert.deepEqual(
      [...kept].filter((alias) => !found.has(alias)),
      [],
    );
    assert.ok(kept.size > 8 * 5);
    const [row] = await store.read("SELECT counts FROM counters");
    assert.match(String(row?.counts), /^\{"requests":\d+\}$/);
    assert.deepEqual(lines, []);
  });
});

suite("a file that cannot be used", () => {
  const damages: Readonly<Record<string, (file: string) => void>> = {
    "is no database": (file) => writeFileSync(file, "garbage, and more garbage. ".repeat(1000)),
    "has damaged pages": (file) => {
      const bytes = readFileSync(file);
      writeFileSync(file, bytes.fill(0xa5, 4096, bytes.length - 100));
    },
    "ends in its middle": (file) => writeFileSync(file, readFileSync(file).subarray(0, 10_000)),
    "is a directory": (file) => mkdirSync(file),
    "has tables of others": (file) => {
      const database = new DatabaseSync(file);
      database.exec("CREATE TABLE aliases (x)");
      database.close();
    },
    "says a format and has no tables": (file) => {
      const database = new DatabaseSync(file);
      database.exec("PRAGMA user_version = 1");
      database.close();
    },
    "has other columns than its format": (file) => {
      const database = new DatabaseSync(file);
      database.exec("CREATE TABLE aliases (alias TEXT, target TEXT); PRAGMA user_version = 1");
      database.close();
    },
  };
  for (const [what, damage] of Object.entries(damages)) {
    test(`${what}: it is kept aside and a fresh one begun`, async (t) => {
      const directory = scratchDirectory(t);
      const file = join(directory, "state.db");
      if (/pages|middle/.test(what)) {
        const first = await openStore({ file, log: silentLog });
        await Promise.all(Array.from({ length: 500 }, (_, index) => first.write(put(`${index}${"x".repeat(100)}`))));
        await first.close();
      }
      damage(file);
      const { store, lines } = await opened(t, { file });
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? "", /^the state file was damaged; a fresh one is begun .*"moved_to"/);
      await store.write(put("a"));
      await store.close();
      assert.ok(readdirSync(directory).some((name) => name.startsWith("state.db.damaged-")));
      const again = await opened(t, { file });
      assert.equal((await createAliases(again.store).load()).size, 1);
      assert.deepEqual(again.lines, []);
    });
  }

  test("an empty file is as good as none", async (t) => {
    const file = join(scratchDirectory(t), "state.db");
    writeFileSync(file, "");
    const { store, lines } = await opened(t, { file });
    await store.write(put("a"));
    assert.deepEqual(lines, []);
  });

  test("one that a newer voxpool wrote is refused and left as it is", async (t) => {
    const directory = scratchDirectory(t);
    const file = join(directory, "state.db");
    const database = new DatabaseSync(file);
    database.exec("PRAGMA user_version = 99; CREATE TABLE future (x)");
    database.close();
    const error = await refusal(openStore({ file, log: silentLog }));
    assert.equal(error.reason, "state_newer");
    assert.match(error.message, /format 99; this one knows up to \d+/);
    assert.match(error.messageIn("zh"), /格式 99/);
    assert.deepEqual(readdirSync(directory), ["state.db"]);
  });

  test("one that is open already is refused, and free again once that one is closed", async (t) => {
    const file = join(scratchDirectory(t), "state.db");
    const { store } = await opened(t, { file });
    assert.equal((await refusal(openStore({ file, log: silentLog }))).reason, "state_locked");
    await store.write(put("a"));
    await store.close();
    const again = await opened(t, { file });
    assert.equal((await createAliases(again.store).load()).size, 1);
  });

  test("where there is no place for it, the server goes on and each write says why it is not kept", async (t) => {
    const file = join(scratchDirectory(t), "missing", "state.db");
    const { store, lines } = await opened(t, { file });
    assert.match(lines[0] ?? "", /nothing is kept over a restart/);
    const error = await refusal(store.write(put("a")));
    assert.deepEqual(
      [error.reason, error.details],
      ["state_unwritable", { file, detail: "unable to open database file" }],
    );
    assert.equal((await createAliases(store).load()).size, 0);
  });

  test("on a disk that is read-only it is the same", { skip: mountSkip() }, (t) => {
    const directory = scratchDirectory(t);
    const done = onDiskOf("ro", directory, "one-write.ts", join(directory, "state.db"));
    const lines = [
      "the state file cannot be used: make room, or see to its permissions; until then nothing is kept over a restart",
    ];
    assert.deepEqual(done, { lines, written: "state_unwritable" });
  });
});

suite("a disk without room", () => {
  test("the file has a greatest size, at which writes fail and reads go on", async (t) => {
    const { store } = await opened(t, { file: join(scratchDirectory(t), "state.db"), maxBytes: 200_000 });
    await store.write(put("first"));
    const big = (index: number) => store.write(put(`${index}${"x".repeat(10_000)}`));
    const results = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => big(index)));
    const reasons = results.flatMap((one) => (one.status === "rejected" ? [(one.reason as VoxpoolError).reason] : []));
    assert.ok(reasons.length > 0 && reasons.length < 50, "those that fit are kept");
    assert.deepEqual(new Set(reasons), new Set(["disk_full"]));
    assert.ok((await createAliases(store).load()).has("first"));
    await store.write({ sql: "DELETE FROM aliases" });
    await store.write(put("again"));
  });

  test("a real one fails writes and nothing else, and once there is room they are kept", { skip: mountSkip() }, (t) => {
    const directory = scratchDirectory(t);
    const done = onDiskOf("size=400k", directory, "full-disk.ts", directory);
    const { full, readable, after } = done as { full: string[]; readable: boolean; after: string };
    assert.ok(full.includes("disk_full"), full.join());
    assert.deepEqual([readable, after], [true, "kept"]);
  });
});

/** Runs a fixture with a disk of its own at the directory, and reads its JSON. */
function onDiskOf(options: string, directory: string, name: string, argument: string): unknown {
  const script = 'mount -t tmpfs -o "$1" tmpfs "$2" && exec "$3" "$4" "$5"';
  const words = ["sh", options, directory, process.execPath, fixture(name), argument];
  const done = spawnSync("unshare", ["-rm", "sh", "-c", script, ...words], { encoding: "utf8" });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout) as unknown;
}

function mountSkip(): string | false {
  const probe = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
  return probe.status === 0 ? false : "this user may not mount a small disk";
}
