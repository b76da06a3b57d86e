import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite, type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { scratchDirectory } from "../base/scratch.ts";
import { type Served, servedPlace, serveIn } from "./served.ts";
import { run } from "./support.ts";

async function aliasesOf({ url }: Served): Promise<Record<string, string>> {
  const response = await fetch(`${url}/api/models/aliases`);
  return ((await response.json()) as { aliases: Record<string, string> }).aliases;
}

async function setAlias({ url }: Served, alias: string): Promise<void> {
  const body = JSON.stringify({ alias, model_path: "model/fake" });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/api/models/alias`, { method: "POST", headers, body });
  assert.equal(response.status, 200);
}

async function stopped(server: Served): Promise<void> {
  server.child.kill("SIGTERM");
  assert.equal((await server.done).code, 0);
}

const stateFiles = (cwd: string) => readdirSync(join(cwd, "state")).filter((name) => name.startsWith("voxpool.db"));

suite("backup and restore", () => {
  test("what was kept at the time of the backup comes back with the next start; what was there since is put aside", async (t) => {
    const cwd = servedPlace(t);
    const first = await serveIn(t, cwd);
    await setAlias(first, "before");
    const backup = join(cwd, "copy.db");
    const made = await run(t, ["backup", backup, "--url", first.url, "--json"]);
    assert.deepEqual(
      [made.code, JSON.parse(made.stdout)],
      [0, { success: true, file: backup, size_bytes: statSync(backup).size }],
    );
    if (process.platform !== "win32") assert.equal(statSync(backup).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(cwd, "state", "spool")), []);
    await setAlias(first, "after");

    const staged = await run(t, ["restore", backup], { cwd });
    assert.deepEqual([staged.code, staged.stderr], [0, ""]);
    assert.match(staged.stdout, new RegExp(`process ${first.pid} runs now: restart it`));
    assert.deepEqual(Object.keys(await aliasesOf(first)).toSorted(), ["after", "before"]);
    await stopped(first);

    const second = await serveIn(t, cwd);
    assert.deepEqual(await aliasesOf(second), { before: "model/fake" });
    await stopped(second);
    assert.match((await second.done).stderr, /"msg":"the state was restored from a backup/);
    const aside = stateFiles(cwd).filter((name) => name.startsWith("voxpool.db.before-restore-"));
    assert.ok(aside.length > 0);
    const old = new DatabaseSync(join(cwd, "state", aside.find((name) => !/-(wal|shm)$/.test(name)) ?? ""));
    t.after(() => old.close());
    assert.equal(old.prepare("SELECT count(*) AS n FROM aliases").get()?.n, 2);
  });

  test("a backup while others write is whole", async (t) => {
    const cwd = servedPlace(t);
    const server = await serveIn(t, cwd);
    const writing = Array.from({ length: 60 }, (_, index) => setAlias(server, `a${index}`));
    const copies = await Promise.all(
      [0, 1, 2].map(async (index) => {
        const file = join(cwd, `copy-${index}.db`);
        const response = await fetch(`${server.url}/api/backup`, { method: "POST" });
        assert.equal(response.headers.get("content-type"), "application/vnd.sqlite3");
        writeFileSync(file, Buffer.from(await response.arrayBuffer()));
        return file;
      }),
    );
    await Promise.all(writing);
    for (const file of copies) {
      const database = new DatabaseSync(file);
      assert.equal(database.prepare("PRAGMA integrity_check").get()?.integrity_check, "ok");
      database.close();
    }
    await stopped(server);
  });

  test("readers that do not read cannot fill the disk with copies, and leave none behind when they go", async (t) => {
    const cwd = servedPlace(t);
    const server = await serveIn(t, cwd);
    // Larger than what the sockets on the way take in: the copies stay while nobody reads.
    const text = "x".repeat(1000);
    await stopped(server);
    const state = new DatabaseSync(join(cwd, "state", "voxpool.db"));
    state.exec("BEGIN");
    const insert = state.prepare("INSERT INTO facts VALUES (?, 1, 1)");
    for (let index = 0; index < 9000; index += 1) insert.run(`${index}${text}`);
    state.exec("COMMIT");
    state.close();

    const again = await serveIn(t, cwd);
    const leaving = new AbortController();
    const ask = (signal?: AbortSignal) =>
      fetch(`${again.url}/api/backup`, { method: "POST", ...(signal && { signal }) });
    const silent = await Promise.all([0, 1, 2, 3].map(() => ask(leaving.signal)));
    assert.deepEqual(
      silent.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    const refused = await ask();
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, "5"]);
    assert.partialDeepStrictEqual(await refused.json(), { reason: "too_many_backups" });
    leaving.abort();
    for (;;) {
      const next = await ask();
      await next.arrayBuffer();
      if (next.status === 200) break;
    }
    while (readdirSync(join(cwd, "state", "spool")).length > 0) await turn();
    await stopped(again);
  });

  const bad: readonly (readonly [string, (file: string, t: TestContext) => void, RegExp])[] = [
    ["that is missing", () => undefined, /no backup of voxpool: there is no such file/],
    ["that is empty", (file) => writeFileSync(file, ""), /no backup of voxpool: it is no database of voxpool/],
    ["that is noise", (file) => writeFileSync(file, randomBytes(9000)), /no backup of voxpool: /],
    [
      "of another program",
      (file) => madeBy(file, "CREATE TABLE x (y); PRAGMA user_version = 1"),
      /no backup of voxpool: it has no /,
    ],
    ["of a newer voxpool", (file) => madeBy(file, "CREATE TABLE x (y); PRAGMA user_version = 9999"), /newer/],
  ];
  for (const [which, write, expected] of bad) {
    test(`a file ${which} is refused, and nothing is left of it`, async (t) => {
      const cwd = scratchDirectory(t);
      const file = join(cwd, "bad.db");
      write(file, t);
      const { code, stdout, stderr } = await run(t, ["restore", file, "--state-dir", "state"], { cwd });
      assert.deepEqual([code === 0, stdout], [false, ""]);
      assert.match(stderr, expected);
      assert.deepEqual(readdirSync(cwd).includes("state") ? stateFiles(cwd) : [], []);
    });
  }

  test("a backup that was cut short is refused", async (t) => {
    const cwd = servedPlace(t);
    const server = await serveIn(t, cwd);
    for (let index = 0; index < 5; index += 1) await setAlias(server, `a${index}`);
    const file = join(cwd, "whole.db");
    assert.equal((await run(t, ["backup", file, "--url", server.url])).code, 0);
    await stopped(server);
    const cut = join(cwd, "cut.db");
    writeFileSync(cut, readFileSync(file).subarray(0, Math.floor(statSync(file).size / 2)));
    const before = readFileSync(join(cwd, "state", "voxpool.db"));
    const refused = await run(t, ["restore", cut], { cwd });
    assert.match(refused.stderr, /no backup of voxpool/);
    assert.deepEqual(readFileSync(join(cwd, "state", "voxpool.db")), before);
    copyFileSync(file, cut);
    assert.equal((await run(t, ["restore", cut], { cwd })).code, 0);
  });
});

function madeBy(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}
