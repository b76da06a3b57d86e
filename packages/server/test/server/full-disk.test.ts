import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { scratchDirectory } from "../base/scratch.ts";
import { bin } from "../cli/support.ts";
import { writeModel } from "./running.ts";

interface Fared {
  /** Reason by decision. */
  readonly full: Readonly<Record<string, string>>;
  readonly held: Readonly<Record<string, string>>;
  readonly again: string;
  readonly kept: Readonly<Record<string, string>>;
  readonly told: readonly string[];
}

const probe = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
const skip = probe.status === 0 ? false : "this user may not mount a small disk";

describe("a server without room for its state", { skip }, () => {
  test("says of each decision that it will not outlive a restart, and keeps it once there is room", (t) => {
    const { full, held, again, kept } = run(t, "meanwhile");
    for (const decision of ["alias", "pin", "load", "switch"])
      assert.equal(full[decision], "state_unwritable", decision);
    assert.equal(full["holder"], "model_pinned", "who is told of a failure has no hold to give back");
    assert.equal(full["unload"], "state_unwritable");
    assert.deepEqual(Object.keys(held), ["beeps"], "it holds while the server runs");
    assert.equal(again, "done");
    assert.deepEqual(kept, held, "what failed before was written too");
  });

  test("starts on a full disk, and says that nothing is kept", (t) => {
    const { full, held, again, kept, told } = run(t, "before");
    assert.ok(
      told.some((line) => line.includes("nothing is kept over a restart")),
      told.join("\n"),
    );
    assert.equal(full["alias"], "state_unwritable");
    assert.equal(again, "done");
    assert.deepEqual(kept, held);
  });
});

test("a server whose state directory can only be read ends with one line that says what to do", { skip }, (t) => {
  const cwd = scratchDirectory(t);
  mkdirSync(join(cwd, "state"));
  const mount = 'mount -t tmpfs -o ro tmpfs state && exec "$@"';
  const serve = [process.execPath, bin, "serve", "--port", "0", "--state-dir", "state"];
  const env = { ...process.env, LANG: "C.UTF-8", LC_ALL: "C.UTF-8" };
  const done = spawnSync("unshare", ["-rm", "sh", "-c", mount, "sh", ...serve], { cwd, env, encoding: "utf8" });
  assert.equal(done.stdout, "");
  assert.match(done.stderr, /^voxpool: state_dir: .*state cannot be used .*--state-dir DIR\n$/);
});

function run(t: TestContext, when: "before" | "meanwhile"): Fared {
  const root = scratchDirectory(t);
  const [models, state] = [join(root, "model"), join(root, "state")];
  for (const id of ["one", "two", "cn/1", "cn/2"]) writeModel(join(models, id), { fake: {} });
  mkdirSync(state);
  const script = 'mount -t tmpfs -o size=400k tmpfs "$1" && exec "$2" "$3" "$4" "$1" "$5"';
  const fixture = join(import.meta.dirname, "fixtures", "full-disk-server.ts");
  const words = ["sh", state, process.execPath, fixture, models, when];
  const done = spawnSync("unshare", ["-rm", "sh", "-c", script, ...words], { encoding: "utf8" });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout) as Fared;
}
