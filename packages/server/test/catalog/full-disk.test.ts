import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import type { Known } from "../../dist/catalog/known-models.js";
import { type Behaviour, bigContent, knownFrom, startRegistry, tarOf } from "./registry.ts";
import { makeTree } from "./tree.ts";

const script = fileURLToPath(new URL("pull-child.ts", import.meta.url));

// In a namespace of its own the small disk is gone with its process, and nobody needs to be root.
const mount = 'mount -t tmpfs -o "size=$1" none "$2"';
const isMountable = spawnSync("unshare", ["-rm", "sh", "-c", mount, "sh", "1m", "/mnt"]).status === 0;
const noDisk = !isMountable && "needs to be allowed to mount a small disk (unshare -rm)";

/** Pulls in a process for which a folder is a disk of that size; what it said, and what is on that disk then. */
async function pullOnSmallDisk(disk: { size: string; at: string }, options: object) {
  const argument = JSON.stringify({ name: "en/voice", ...options });
  const commands = `${mount} && "$3" "$4" "$5" && find "$2" -type f`;
  const { stdout } = await promisify(execFile)("unshare", [
    "-rm",
    "sh",
    "-c",
    commands,
    "sh",
    disk.size,
    disk.at,
    process.execPath,
    script,
    argument,
  ]);
  const [said = "", ...listed] = stdout.trimEnd().split("\n");
  return { said: JSON.parse(said) as { reason?: string }, listed };
}

const zeroes = tarOf([{ path: "m/model.onnx", content: Buffer.alloc(50_000_000) }]);

async function setUp(t: TestContext, content: Buffer) {
  const cwd = await makeTree(t, { "model/": "", "state/": "" });
  const registry = await startRegistry(t);
  const archive = gzipSync(content);
  registry.files.set("/m.tar.gz", archive);
  const models: readonly Known[] = [
    knownFrom({
      kind: "archive",
      at: { url: `${registry.url}m.tar.gz` },
      take: [{ under: "m" }],
      sha256: createHash("sha256").update(archive).digest("hex"),
    }),
  ];
  return { cwd, registry, options: { modelDir: join(cwd, "model"), stateDir: join(cwd, "state"), models } };
}

/** Says no size, so that nothing can be refused before it begins. */
const withoutLength: Behaviour = (_request, response, body) => {
  response.writeHead(200).end(body);
  return true;
};

test("a disk that fills up during a download is said to be full, and what came is kept", {
  skip: noDisk,
}, async (t) => {
  const { cwd, registry, options } = await setUp(t, tarOf([{ path: "m/model.onnx", content: bigContent }]));
  registry.behaviours.push(withoutLength);
  const { said, listed } = await pullOnSmallDisk({ size: "300k", at: join(cwd, "state") }, options);
  assert.deepEqual(said, { reason: "disk_full" });
  assert.equal(listed.filter((line) => line.endsWith(".part")).length, 1, listed.join());
});

test("a disk that fills up while an archive is unpacked is said to be full, and nothing of it stays", {
  skip: noDisk,
}, async (t) => {
  const { cwd, options } = await setUp(t, zeroes);
  const { said, listed } = await pullOnSmallDisk({ size: "40m", at: join(cwd, "model") }, options);
  assert.deepEqual(said, { reason: "disk_full" });
  assert.deepEqual(listed, []);
});

test("a disk that is too small for what is published is refused before the first byte", { skip: noDisk }, async (t) => {
  const { cwd, registry, options } = await setUp(t, zeroes);
  const { said } = await pullOnSmallDisk({ size: "20m", at: join(cwd, "model") }, options);
  assert.deepEqual(said, { reason: "disk_space_short" });
  assert.equal(registry.requests.length, 1);
});
