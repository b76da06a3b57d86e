import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { suite, type TestContext, test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { lockStateDirectory } from "../../dist/base/state-lock.js";
import { scratchDirectory } from "./scratch.ts";

const holder = new URL("./fixtures/lock-holder.ts", import.meta.url);

interface Holder {
  readonly child: ChildProcess;
  readonly pid: number;
  next(): Promise<Record<string, unknown>>;
  kill(): Promise<void>;
}

function startHolder(t: TestContext, stateDir: string, url?: string): Holder {
  const child = spawn(process.execPath, [holder.pathname, stateDir, ...(url === undefined ? [] : [url])], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  t.after(kill);
  return {
    child,
    pid: child.pid ?? 0,
    kill,
    next: async () => JSON.parse(String((await lines.next()).value)) as Record<string, unknown>,
  };
}

async function refusal(stateDir: string): Promise<VoxpoolError> {
  try {
    (await lockStateDirectory(stateDir, { pid: process.pid })).release();
  } catch (error) {
    assert.ok(error instanceof VoxpoolError, String(error));
    return error;
  }
  return assert.fail("the lock was given");
}

suite("state lock", () => {
  test("a directory is made for its owner alone, and says who has it and where it answers", async (t) => {
    const stateDir = join(scratchDirectory(t), "a", "状态");
    const lock = await lockStateDirectory(stateDir, { pid: process.pid });
    t.after(() => lock.release());
    if (process.platform !== "win32") assert.equal(statSync(stateDir).mode & 0o777, 0o700);
    const owner = () => JSON.parse(readFileSync(join(stateDir, "server.json"), "utf8")) as unknown;
    assert.deepEqual(owner(), { pid: process.pid });
    lock.setUrl("http://127.0.0.1:5000");
    assert.deepEqual(owner(), { pid: process.pid, url: "http://127.0.0.1:5000" });
  });

  test("a second process is told which one has the directory, and where", async (t) => {
    const stateDir = scratchDirectory(t);
    const first = startHolder(t, stateDir, "http://127.0.0.1:5000");
    assert.deepEqual(await first.next(), { locked: true });
    const second = await startHolder(t, stateDir).next();
    assert.equal(second.reason, "state_locked");
    assert.deepEqual(second.details, { state_dir: stateDir, pid: first.pid, url: " (http://127.0.0.1:5000)" });
    assert.match((await refusal(stateDir)).message, new RegExp(`process ${first.pid} \\(http://127.0.0.1:5000\\)`));
  });

  test("the second time in one process is refused too", async (t) => {
    const stateDir = scratchDirectory(t);
    const lock = await lockStateDirectory(stateDir, { pid: process.pid });
    t.after(() => lock.release());
    assert.equal((await refusal(stateDir)).details.pid, process.pid);
  });

  test("after kill -9 the directory is free at once, again and again", async (t) => {
    const stateDir = scratchDirectory(t);
    for (let round = 0; round < 3; round += 1) {
      const first = startHolder(t, stateDir, "http://127.0.0.1:1");
      assert.deepEqual(await first.next(), { locked: true });
      await first.kill();
      assert.ok(existsSync(join(stateDir, "server.json")), "a killed process leaves its file");
    }
    const lock = await lockStateDirectory(stateDir, { pid: process.pid });
    lock.release();
  });

  test("released, it is free for others and its file is gone; a second release does nothing", async (t) => {
    const stateDir = scratchDirectory(t);
    const first = startHolder(t, stateDir);
    assert.deepEqual(await first.next(), { locked: true });
    first.child.stdin?.write("\n");
    assert.deepEqual(await first.next(), { released: true });
    assert.ok(!existsSync(join(stateDir, "server.json")));
    const lock = await lockStateDirectory(stateDir, { pid: process.pid });
    lock.release();
    const other = startHolder(t, stateDir);
    assert.deepEqual(await other.next(), { locked: true });
    lock.release();
    assert.ok(existsSync(join(stateDir, "server.json")), "the file of the next owner stays");
  });

  test("of many that start at once exactly one gets it, and all others name it", async (t) => {
    const stateDir = scratchDirectory(t);
    const holders = Array.from({ length: 6 }, () => startHolder(t, stateDir));
    const answers = await Promise.all(holders.map(async (one) => ({ pid: one.pid, answer: await one.next() })));
    const winners = answers.filter(({ answer }) => answer.locked === true);
    assert.equal(winners.length, 1);
    for (const { answer } of answers) {
      if (answer.locked === true) continue;
      assert.equal(answer.reason, "state_locked");
      assert.partialDeepStrictEqual(answer, { details: { pid: winners[0]?.pid } });
    }
  });

  test("a foreign, broken or hostile owner file neither keeps the lock nor spoils the message", async (t) => {
    const stateDir = scratchDirectory(t);
    for (const text of [
      "",
      "{",
      "[]",
      "null",
      '{"pid":"1"}',
      '{"pid":-1}',
      '{"pid":1e99}',
      '{"__proto__":{"pid":1}}',
    ]) {
      writeFileSync(join(stateDir, "server.json"), text);
      (await lockStateDirectory(stateDir, { pid: process.pid })).release();
      const lock = await lockStateDirectory(stateDir, { pid: process.pid });
      writeFileSync(join(stateDir, "server.json"), text);
      assert.equal((await refusal(stateDir)).details.pid, "?", text);
      lock.release();
    }
    const lock = await lockStateDirectory(stateDir, { pid: process.pid });
    writeFileSync(join(stateDir, "server.json"), JSON.stringify({ pid: process.pid, url: "\u001b[2J" }));
    assert.equal((await refusal(stateDir)).details.url, "");
    lock.release();
  });

  test("a directory that cannot be used is a clear error that names it", async (t) => {
    const parent = scratchDirectory(t);
    const file = join(parent, "file");
    writeFileSync(file, "");
    for (const stateDir of [file, join(file, "below"), `${parent}/nul\0l`]) {
      const error = await refusal(stateDir);
      assert.equal(error.reason, "config_invalid");
      assert.equal(error.details.source, "state_dir");
      assert.match(error.message, /cannot be used \(.+\); choose a directory/);
    }
  });

  const isRoot = process.getuid?.() === 0 || process.platform === "win32";
  test("a directory without write permission is a clear error", {
    skip: isRoot && "root may write anywhere",
  }, async (t) => {
    const stateDir = scratchDirectory(t);
    chmodSync(stateDir, 0o500);
    assert.match((await refusal(stateDir)).message, /EACCES/);
  });
});
