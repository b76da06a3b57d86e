import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { bunzip } from "../../dist/catalog/bunzip/bunzip.js";
import { extract } from "../../dist/catalog/extract/extract.js";
import { bigContent, tarOf, zipOf } from "./registry.ts";
import { makeTree } from "./tree.ts";

async function setUp(t: TestContext, archive: Buffer, signal?: AbortSignal) {
  const cwd = await makeTree(t, { "out/": "" });
  const path = join(cwd, "archive");
  await writeFile(path, archive);
  const task = { archive: path, take: [{ all: true }], directory: join(cwd, "out"), name: "x", signal } as const;
  return { cwd, unpacking: () => extract(task), out: join(cwd, "out") };
}

/** Files below a directory that this process has open. */
async function openBelow(directory: string): Promise<readonly string[]> {
  const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
  return (await Promise.all(links)).filter((path) => path.startsWith(directory));
}

const noProc = !existsSync("/proc/self/fd") && "needs /proc to see which files are open";
const long = tarOf([
  { path: "m/tokens.txt", content: "a 0" },
  { path: "m/model.onnx", content: bigContent },
]);

test("an archive that ends in the middle, or is refused there, leaves no file open", { skip: noProc }, async (t) => {
  const packed = gzipSync(long);
  const damaged = Buffer.from(packed);
  damaged.fill(0, 300_000, 301_000);
  const clashing = zipOf([{ path: "m/a/b" }, { path: "m/a", content: bigContent }]);
  for (const archive of [long.subarray(0, 300_000), packed.subarray(0, 300_000), damaged, clashing]) {
    const { cwd, unpacking } = await setUp(t, archive);
    await assert.rejects(unpacking());
    assert.deepEqual(await openBelow(cwd), []);
  }
});

test("unpacking that is interrupted in the middle leaves no file open", { skip: noProc }, async (t) => {
  const stop = new AbortController();
  const large = tarOf([{ path: "m/model.onnx", content: Buffer.alloc(40_000_000) }]);
  const { cwd, unpacking, out } = await setUp(t, large, stop.signal);
  const stopped = unpacking();
  while (!(await readdir(join(out, "m")).catch(() => [] as string[])).includes("model.onnx"));
  stop.abort(new Error("enough"));
  await assert.rejects(stopped, /enough/);
  assert.deepEqual(await openBelow(cwd), []);
});

test("a file and a folder of the same name are said to be so, whichever comes first", async (t) => {
  const entries = [
    { path: "m/a", content: "file" },
    { path: "m/A/tokens.txt", content: "below it" },
  ];
  for (const order of [entries, entries.toReversed()]) {
    for (const archive of [tarOf(order), zipOf(order)]) {
      const { unpacking } = await setUp(t, archive);
      await assert.rejects(unpacking(), /it has a file and a folder of the same name: m\/a/i);
    }
  }
});

test("names that are not UTF-8 are said to be so", async (t) => {
  const inFile = [{ path: "m/@@.onnx", content: "weights" }];
  // The checksum of a tar header counts its bytes, so it is written for those that are in it.
  for (const archive of [wrong(zipOf(inFile)), withChecksums(wrong(tarOf(inFile)))]) {
    const { unpacking } = await setUp(t, archive);
    await assert.rejects(unpacking(), /names in it are not UTF-8, such as m.*pack it again/);
  }
});

/** In the place of a mark: bytes that UTF-8 cannot have. */
function wrong(archive: Buffer): Buffer {
  return Buffer.from(archive.toString("latin1").replaceAll("@@", "\xd0\xcd"), "latin1");
}

function withChecksums(tar: Buffer): Buffer {
  const header = Buffer.from(tar);
  header.fill(" ", 148, 156);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

test("a thread that dies while what it gave is being written is noticed at once, with the reason", async (t) => {
  const cwd = await makeTree(t, { "a.bz2": "" });
  const script = new URL("fixtures/dying-bunzip.ts", import.meta.url);
  const started = once(process, "worker") as Promise<[Worker]>;
  const pieces: string[] = [];
  await assert.rejects(async () => {
    for await (const piece of bunzip(join(cwd, "a.bz2"), { script })) {
      pieces.push(Buffer.from(piece).toString());
      if (pieces.length === 1) await giveAnotherAndDie((await started)[0]);
    }
  }, /out of luck/);
  assert.deepEqual(pieces, ["one", "two"]);
});

async function giveAnotherAndDie(thread: Worker): Promise<void> {
  const given = new Promise((resolve) => thread.once("message", resolve));
  thread.postMessage("more", []);
  await given;
  const ended = new Promise((resolve) => thread.once("exit", resolve));
  thread.postMessage("die", []);
  await ended;
}

test("the rest of an archive that a wanted file cannot be written from is not read", async (t) => {
  const { unpacking, out } = await setUp(
    t,
    tarOf([
      { path: "m/a", content: "1" },
      { path: "m/a", content: "2" },
    ]),
  );
  await assert.rejects(unpacking(), /two files/);
  assert.equal(await readFile(join(out, "m/a"), "utf8"), "1");
});
