import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A new empty directory that goes with the test. */
export function scratchDirectory(t: Pick<TestContext, "after">): string {
  const directory = mkdtempSync(join(tmpdir(), "voxpool-test-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
