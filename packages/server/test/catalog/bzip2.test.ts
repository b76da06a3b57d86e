import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { bunzip } from "../../dist/catalog/bunzip/bunzip.js";
import { extract } from "../../dist/catalog/extract/extract.js";
import { bzip2Bomb, emptyBzip2, endlessRun } from "./archives.ts";
import { makeTree } from "./tree.ts";

/** A file that the program bzip2 made of what its name says. */
const packed = (name: string): Promise<Buffer> => readFile(new URL(`fixtures/bzip2/${name}.bz2`, import.meta.url));

/** Bytes that nothing makes small, the same each time. */
function chain(length: number): Buffer {
  const links = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
    createHash("sha256").update(`${index}`).digest(),
  );
  return Buffer.concat(links).subarray(0, length);
}

async function unpack(t: Pick<TestContext, "after">, archive: Buffer, stallMs?: number): Promise<Buffer> {
  const path = join(await makeTree(t, {}), "a.bz2");
  await writeFile(path, archive);
  const pieces: Uint8Array[] = [];
  for await (const piece of bunzip(path, stallMs === undefined ? {} : { stallMs })) pieces.push(piece);
  return Buffer.concat(pieces);
}

test("what bzip2 packed comes out as it went in, in pieces of at most 1 MB", async (t) => {
  const pattern = Buffer.alloc(3_000_000, "abcabcabd");
  const contents = {
    empty: Buffer.alloc(0),
    short: Buffer.from("short"),
    pattern,
    mixed: Buffer.concat([Buffer.alloc(1_000_000), chain(1000)]),
    "small-blocks": pattern.subarray(0, 350_000),
    chain: chain(3000),
  };
  for (const [name, content] of Object.entries(contents)) {
    assert.ok((await unpack(t, await packed(name))).equals(content), name);
  }
});

test("streams that were packed one after the other are one", async (t) => {
  assert.equal((await unpack(t, await packed("two-streams"))).toString(), "one two");
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

test("damaged files of every kind end in an error or in what they were", async (t) => {
  const content = chain(3000);
  const good = await packed("chain");
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

test("a large archive is unpacked whole", async (t) => {
  const directory = await makeTree(t, { "out/": "" });
  const archive = join(directory, "a.tar.bz2");
  await writeFile(archive, await packed("large.tar"));
  const take = [{ under: "m" }];
  await extract({ archive, take, directory: join(directory, "out"), name: "x" });
  const content = Buffer.alloc(8_000_000, "0123456789abcdef\n");
  assert.ok((await readFile(join(directory, "out/model.onnx"))).equals(content));
  assert.equal(await readFile(join(directory, "out/tokens.txt"), "utf8"), "a 0");
});

test("an empty bzip2 file is no archive", async (t) => {
  assert.equal((await unpack(t, emptyBzip2)).length, 0);
});
