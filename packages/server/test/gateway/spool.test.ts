import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentLog } from "../../dist/base/log.js";
import { createSpool } from "../../dist/base/spool.js";
import { noOpenFiles, openFiles } from "./open-files.ts";

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "voxpool-spool-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function* chunks(count: number, size: number): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < count; n += 1) yield Buffer.alloc(size, n);
}

async function sizeOf(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const chunk of bytes) size += chunk.length;
  return size;
}

test("small uploads stay in memory, large ones go to a file, both come back whole", async (t) => {
  const directory = temporary(t);
  const spool = createSpool({ directory, limitBytes: 10_000, memoryBytes: 1000 });
  const small = await spool.receive(chunks(10, 100));
  assert.deepEqual(readdirSync(directory), []);
  const large = await spool.receive(chunks(11, 100));
  assert.equal(readdirSync(directory).length, 1);
  for (const [upload, size] of [
    [small, 1000],
    [large, 1100],
  ] as const) {
    assert.equal(upload.sizeBytes, size);
    assert.equal(await sizeOf(upload.bytes()), size);
    assert.equal(await sizeOf(upload.bytes()), size);
    await upload.remove();
    await upload.remove();
  }
  assert.equal(spool.usedBytes(), 0);
  assert.deepEqual(readdirSync(directory), []);
});

test("an upload that went to a file takes no memory from the others", async (t) => {
  const spool = createSpool({ directory: temporary(t), limitBytes: 10_000, memoryBytes: 1000, totalMemoryBytes: 1000 });
  const large = await spool.receive(chunks(15, 100));
  assert.equal(await sizeOf(large.bytes()), 1500);
  const small = await spool.receive(chunks(10, 100));
  assert.equal(small.path(), undefined, "there is room for it in memory");
  for (const upload of [large, small]) await upload.remove();
});

test("files share one room, and give theirs back", async (t) => {
  const directory = temporary(t);
  const spool = createSpool({ directory, limitBytes: 5000, memoryBytes: 100 });
  const held = await spool.receive(chunks(40, 100));
  await assert.rejects(spool.receive(chunks(20, 100)), { reason: "spool_full" });
  assert.equal(spool.usedBytes(), 4000);
  await held.remove();
  const next = await spool.receive(chunks(50, 100));
  await assert.rejects(spool.receive(chunks(2, 100)), { reason: "spool_full" });
  await next.remove();
  assert.deepEqual(readdirSync(directory), []);
});

async function* failing(): AsyncGenerator<Uint8Array> {
  yield* chunks(5, 100);
  throw new Error("gone");
}

test("a source that fails leaves no file", async (t) => {
  const directory = temporary(t);
  const spool = createSpool({ directory, limitBytes: 5000, memoryBytes: 100 });
  await assert.rejects(spool.receive(failing()), /gone/);
  assert.deepEqual(readdirSync(directory), []);
  assert.equal(spool.usedBytes(), 0);
});

test("what a killed server left is removed, and nothing else", async (t) => {
  const directory = join(temporary(t), "spool");
  const spool = createSpool({ directory, limitBytes: 5000 });
  await spool.prepare();
  assert.ok(!existsSync(directory), "it is made with its first file");
  mkdirSync(directory);
  writeFileSync(join(directory, "upload-1-1"), "left");
  writeFileSync(join(directory, "notes.txt"), "mine");
  mkdirSync(join(directory, "sub"));
  await spool.prepare();
  assert.deepEqual(readdirSync(directory).toSorted(), ["notes.txt", "sub"]);
});

test("no descriptor is open before the first read, nor after the removal", noOpenFiles, async (t) => {
  const directory = temporary(t);
  const spool = createSpool({ directory, limitBytes: 5_000_000, memoryBytes: 100 });
  const upload = await spool.receive(chunks(10, 300_000));
  const unread = upload.bytes();
  assert.deepEqual(openFiles(directory), []);
  const reading = upload.bytes()[Symbol.asyncIterator]();
  await reading.next();
  assert.equal(openFiles(directory).length, 1);
  await upload.remove();
  assert.deepEqual(openFiles(directory), []);
  assert.equal(spool.usedBytes(), 0);
  await assert.rejects(sizeOf(unread), { reason: "request_cancelled" });
  assert.deepEqual(openFiles(directory), []);
});

test("a file that cannot be removed ends nothing, and keeps its room until it is gone", async (t) => {
  const directory = temporary(t);
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_fields: unknown, message: string) => warnings.push(message) };
  const spool = createSpool({ directory, limitBytes: 1000, memoryBytes: 100, log });
  const upload = await spool.receive(chunks(8, 100));
  const path = upload.path() ?? "";
  // A folder is in its place, which is not removed like a file, whoever asks.
  rmSync(path);
  mkdirSync(path);
  await upload.remove();
  await upload.remove();
  assert.deepEqual(warnings, ["the file of an upload could not be removed; it is tried again with the next uploads"]);
  assert.equal(spool.usedBytes(), 800);
  await assert.rejects(spool.receive(chunks(8, 100)), { reason: "spool_full" });
  rmdirSync(path);
  const next = await spool.receive(chunks(8, 100));
  assert.equal(spool.usedBytes(), 800);
  await next.remove();
  assert.equal(spool.usedBytes(), 0);
});

test("a source that fails is what is told, also where its file cannot be removed", async (t) => {
  const directory = temporary(t);
  const spool = createSpool({ directory, limitBytes: 1000, memoryBytes: 100 });
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* chunks(3, 100);
    const path = join(directory, readdirSync(directory)[0] ?? "");
    rmSync(path);
    mkdirSync(path);
    throw new Error("the client has gone");
  }
  await assert.rejects(spool.receive(source()), /the client has gone/);
});

test("a file that cannot be closed is removed all the same", {
  skip: existsSync("/proc/self/fd") ? false : "the open files of a process are listed on Linux only",
}, async (t) => {
  const directory = temporary(t);
  const spool = createSpool({ directory, limitBytes: 1000 });
  const file = spool.file();
  await file.append(Buffer.alloc(300));
  const path = realpathSync(file.path() ?? "");
  const number = readdirSync("/proc/self/fd").find((name) => linkOf(`/proc/self/fd/${name}`) === path);
  closeSync(Number(number));
  await file.remove();
  assert.deepEqual(readdirSync(directory), []);
  assert.equal(spool.usedBytes(), 0);
});

test("a file that cannot be made takes no room once it is given up", async (t) => {
  const directory = join(temporary(t), "no-folder");
  writeFileSync(directory, "a file is in the way");
  const spool = createSpool({ directory, limitBytes: 1000, memoryBytes: 100 });
  await assert.rejects(spool.receive(chunks(8, 100)), { code: "EEXIST" });
  assert.equal(spool.usedBytes(), 0);
});

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
