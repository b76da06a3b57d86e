import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { bunzip } from "../../dist/catalog/bunzip/bunzip.js";
import { extract } from "../../dist/catalog/extract/extract.js";
import { bzip2Bomb, emptyBzip2, endlessRun, tarOf } from "./archives.ts";
import { makeTree } from "./tree.ts";

const noBzip2 = spawnSync("bzip2", ["--help"]).error !== undefined && "needs the program bzip2";

function packed(content: Buffer): Buffer {
  return spawnSync("bzip2", ["-c"], { input: content, maxBuffer: 1 << 30 }).stdout;
}

async function unpack(t: Pick<TestContext, "after">, archive: Buffer, stallMs?: number): Promise<Buffer> {
  const path = join(await makeTree(t, {}), "a.bz2");
  await writeFile(path, archive);
  const pieces: Uint8Array[] = [];
  for await (const piece of bunzip(path, stallMs === undefined ? {} : { stallMs })) pieces.push(piece);
  return Buffer.concat(pieces);
}

test("what bzip2 packed comes out as it went in, in pieces of at most 1 MB", { skip: noBzip2 }, async (t) => {
  const contents = [
    Buffer.alloc(0),
    Buffer.from("short"),
    randomBytes(2_500_000),
    Buffer.alloc(3_000_000, "abcabcabd"),
    Buffer.concat([Buffer.alloc(1_000_000), randomBytes(1000)]),
  ];
  for (const content of contents) assert.ok((await unpack(t, packed(content))).equals(content), `${content.length}`);
});

test("streams that were packed one after the other are one", { skip: noBzip2 }, async (t) => {
  const both = Buffer.concat([packed(Buffer.from("one ")), packed(Buffer.from("two"))]);
  assert.equal((await unpack(t, both)).toString(), "one two");
});

test("a reader that leaves ends the thread, and an aborted one gets the signal's reason", async (t) => {
  const path = join(await makeTree(t, {}), "a.bz2");
  await writeFile(path, bzip2Bomb(200));
  for await (const piece of bunzip(path)) {
    assert.equal(piece.length, 1 << 20);
    break;
  }
  const stop = new AbortController();
  const pieces = bunzip(path, { signal: stop.signal });
  await pieces.next();
  stop.abort(new Error("enough"));
  await assert.rejects(async () => {
    for await (const _ of pieces);
  }, /enough/);
});

test("a thread that gives nothing in time is ended, and a run that overflows 32 bits is an error", async (t) => {
  await assert.rejects(unpack(t, emptyBzip2, 0.001), /reasonable time/);
  for (const symbols of [31, 32, 33, 64]) {
    await unpack(t, endlessRun(symbols)).catch((error: unknown) => assert.ok(error instanceof Error));
  }
});

test("damaged files of every kind end in an error or in what they were", { skip: noBzip2 }, async (t) => {
  const content = randomBytes(3000);
  const good = packed(content);
  const directory = await makeTree(t, {});
  const path = join(directory, "a.bz2");
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length * 8 - 1), fc.option(fc.nat(good.length)), async (bit, cut) => {
      const bytes = Buffer.from(good.subarray(0, cut ?? good.length));
      const at = bit >> 3;
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
      await writeFile(path, bytes);
      const pieces: Uint8Array[] = [];
      try {
        for await (const piece of bunzip(path, { stallMs: 10_000 })) pieces.push(piece);
      } catch (error) {
        assert.ok(error instanceof Error && error.message !== "");
        return;
      }
      const result = Buffer.concat(pieces);
      assert.ok(result.equals(content) || result.length === 0, "other bytes without an error");
    }),
    { numRuns: 25 },
  );
});

test("a bzip2 bomb is stopped long before it is unpacked", async (t) => {
  const directory = await makeTree(t, { "out/": "" });
  const archive = join(directory, "bomb.tar.bz2");
  // 720 MB out of 30 kB.
  await writeFile(archive, bzip2Bomb(1000));
  const task = { archive, take: [{ all: true }], directory: join(directory, "out"), name: "x" } as const;
  await assert.rejects(extract(task), /unpacks to more than it may/);
});

test("a large archive is unpacked with bounded memory", { skip: noBzip2 }, async (t) => {
  const content = Buffer.concat(Array.from({ length: 8 }, () => randomBytes(1_000_000)));
  const directory = await makeTree(t, { "out/": "" });
  const archive = join(directory, "a.tar.bz2");
  await writeFile(
    archive,
    packed(
      tarOf([
        { path: "m/model.onnx", content },
        { path: "m/tokens.txt", content: "a 0" },
      ]),
    ),
  );
  const take = [{ under: "m" }];
  await extract({ archive, take, directory: join(directory, "out"), name: "x" });
  assert.ok((await readFile(join(directory, "out/model.onnx"))).equals(content));
});

test("an empty bzip2 file is no archive", async (t) => {
  assert.equal((await unpack(t, emptyBzip2)).length, 0);
});
