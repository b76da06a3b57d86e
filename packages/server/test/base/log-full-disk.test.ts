import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { scratchDirectory } from "./scratch.ts";

const script = fileURLToPath(new URL("fixtures/log-on-small-disk.ts", import.meta.url));
// In a namespace of its own the small disk is gone with its process, and nobody needs to be root.
const mount = 'mount -t tmpfs -o size=256k none "$1"';
const isMountable = spawnSync("unshare", ["-rm", "sh", "-c", mount, "sh", "/mnt"]).status === 0;
const noDisk = !isMountable && "needs to be allowed to mount a small disk (unshare -rm)";

test("a full disk costs lines, which are counted once there is room again, and never the process", {
  skip: noDisk,
}, async (t) => {
  const commands = `${mount} && "$2" "$3" "$1" && cat "$1/voxpool.log"`;
  const words = ["sh", scratchDirectory(t), process.execPath, script];
  const { stdout } = await promisify(execFile)("unshare", ["-rm", "sh", "-c", commands, ...words], {
    maxBuffer: 2 ** 24,
  });
  const [troubles = "", ...lines] = stdout.trimEnd().split("\n");
  assert.deepEqual(JSON.parse(troubles), ["ENOSPC"]);
  const parsed = lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as { n?: unknown; dropped?: number }];
    } catch {
      return [];
    }
  });
  // At most the one line that was torn.
  assert.ok(lines.length - parsed.length <= 1);
  assert.equal(parsed[0]?.n, "first");
  assert.equal(parsed.at(-1)?.n, "last");
  const dropped = parsed.find((line) => line.dropped !== undefined)?.dropped ?? 0;
  const written = parsed.filter((line) => typeof line.n === "number").length;
  assert.equal(dropped + written, 1000);
});
