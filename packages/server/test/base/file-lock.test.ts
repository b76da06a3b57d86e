import assert from "node:assert/strict";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tryFileLock } from "../../dist/base/file-lock.js";
import { startOwner } from "./owner.ts";
import { scratchDirectory } from "./scratch.ts";

test("a file is locked by one at a time, in this process too, and free once it is given back", (t) => {
  const path = join(scratchDirectory(t), "a.lock");
  const first = tryFileLock(path);
  assert.ok(first);
  assert.equal(tryFileLock(path), undefined);
  first.release();
  first.release();
  const second = tryFileLock(path);
  assert.ok(second);
  second.release();
  assert.equal(statSync(path).size, 0, "nothing is ever written");
});

test("another process is refused, and what a killed one had is free at once", async (t) => {
  const path = join(scratchDirectory(t), "a.lock");
  const owner = await startOwner(t, "lock", path);
  assert.equal(tryFileLock(path), undefined);
  await owner.kill();
  const lock = tryFileLock(path);
  assert.ok(lock);
  lock.release();
});

test("what cannot be a lock is an error, and not taken for one that somebody has", (t) => {
  const directory = scratchDirectory(t);
  mkdirSync(join(directory, "folder"));
  assert.throws(() => tryFileLock(join(directory, "folder")), /unable to open/);
  assert.throws(() => tryFileLock(join(directory, "nowhere", "a.lock")), /unable to open/);
});

test("garbage in the file keeps nobody out", (t) => {
  const path = join(scratchDirectory(t), "a.lock");
  writeFileSync(path, "x".repeat(5000));
  const lock = tryFileLock(path);
  assert.ok(lock);
  assert.equal(tryFileLock(path), undefined);
  lock.release();
});
