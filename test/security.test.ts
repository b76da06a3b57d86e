import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

/** The tests that each row of the table of threats names. */
function testsByThreat(file: string): readonly string[][] {
  const rows = readFileSync(join(root, file), "utf8").match(/^\|(?!---).*\|$/gm) ?? [];
  return rows.slice(1).map((row) => Array.from(row.matchAll(/`([\w./-]+\.test\.ts)`/g), ([, path = ""]) => path));
}

test("each threat in SECURITY.md names tests that are there, the same in both languages", () => {
  const english = testsByThreat("SECURITY.md");
  assert.ok(english.length > 15);
  for (const paths of english) assert.notDeepEqual(paths, []);
  assert.deepEqual(
    english.flat().filter((path) => !existsSync(join(root, path))),
    [],
  );
  assert.deepEqual(testsByThreat("SECURITY.zh-CN.md"), english);
});
