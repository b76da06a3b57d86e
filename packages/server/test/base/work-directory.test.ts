import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { removeAbandoned, takeWorkDirectory } from "../../dist/base/work-directory.js";
import { startOwner } from "./owner.ts";
import { scratchDirectory } from "./scratch.ts";

const fill = (path: string) => {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "upload"), "words");
};

test("each has a directory of its own, which is gone with its lock once it is given back", async (t) => {
  const parent = join(scratchDirectory(t), "work");
  const [one, two] = [await takeWorkDirectory(parent), await takeWorkDirectory(parent)];
  assert.notEqual(one.path, two.path);
  if (process.platform !== "win32") assert.equal(statSync(parent).mode & 0o777, 0o700);
  fill(one.path);
  fill(two.path);
  await one.release();
  await one.release();
  assert.ok(existsSync(join(two.path, "upload")), "the other's is not touched");
  await two.release();
  assert.deepEqual(readdirSync(parent), []);
});

test("what a killed process left is removed by the next; what a living one has stays", async (t) => {
  const parent = join(scratchDirectory(t), "work");
  const [killed, living] = [await startOwner(t, "work", parent), await startOwner(t, "work", parent)];
  fill(killed.told);
  fill(living.told);
  await killed.kill();
  assert.ok(existsSync(join(killed.told, "upload")));
  const mine = await takeWorkDirectory(parent);
  assert.ok(!existsSync(killed.told) && !existsSync(`${killed.told}.lock`));
  assert.ok(existsSync(join(living.told, "upload")));
  await mine.release();
});

test("directories without a lock, and locks without a directory, were left; other files are nobody's of ours", async (t) => {
  const parent = scratchDirectory(t);
  fill(join(parent, "12345-0123456789ab"));
  writeFileSync(join(parent, "12345-ba9876543210.lock"), "");
  fill(join(parent, "notes"));
  writeFileSync(join(parent, "my.lock"), "");
  await removeAbandoned(parent);
  assert.deepEqual(readdirSync(parent).toSorted(), ["my.lock", "notes"]);
  await removeAbandoned(join(parent, "nowhere"));
});

test("where no lock can be made there is a directory all the same, to which nothing clings", async (t) => {
  const parent = join(scratchDirectory(t), "file");
  writeFileSync(parent, "");
  const work = await takeWorkDirectory(parent);
  assert.ok(work.path.startsWith(parent));
  await work.release();
});
