import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { createSpool } from "../../dist/base/spool.js";
import { decodeAll, inPieces } from "./reading.ts";
import { recording } from "./recordings.ts";

const directory = mkdtempSync(join(tmpdir(), "voxpool-whole-"));
const spool = createSpool({ directory, limitBytes: 100_000 });
const decoder = createAudioDecoder({ workers: 2, spool });
after(async () => {
  await decoder.close();
  rmSync(directory, { recursive: true, force: true });
});

const bytes = recording("opus.mp4");

/** The bytes, and then nothing for ever; tells when the reader left. */
function stalling(pieces: readonly Uint8Array[]) {
  const left = Promise.withResolvers<void>();
  const waiting = Promise.withResolvers<void>();
  const queue = [...pieces];
  const input: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => input,
    next() {
      const value = queue.shift();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      waiting.resolve();
      return new Promise(() => undefined);
    },
    return() {
      left.resolve();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  return { input, left: left.promise, waiting: waiting.promise };
}

/** Removing goes on behind the answer; closing waits for it. */
async function nothingIsLeft(of = decoder): Promise<void> {
  await of.close();
  assert.deepEqual(readdirSync(directory), []);
  assert.equal(spool.usedBytes(), 0);
}

const fresh = () => createAudioDecoder({ workers: 1, spool });

test("an MP4 is on the disk while it is read, and gone with its end", async () => {
  const own = fresh();
  const samples = own.decode(inPieces(bytes, 500), { maxSeconds: 60 }).samples[Symbol.asyncIterator]();
  assert.ok(((await samples.next()).value?.[0].length ?? 0) > 0);
  while ((await samples.next()).done !== true);
  await nothingIsLeft(own);
});

test("a file that is on the disk already is read where it is, and stays there", async () => {
  const own = fresh();
  const expected = await decodeAll(own, bytes);
  const file = join(mkdtempSync(join(directory, "kept-")), "upload");
  writeFileSync(file, bytes);
  const { input, left } = stalling([bytes.subarray(0, 1000)]);
  const none = { file: () => assert.fail("a second file was made") };
  const reader = createAudioDecoder({ workers: 1, spool: none });
  const samples = await decodeAll(reader, input, { file });
  await left;
  await reader.close();
  assert.deepEqual(samples, expected);
  assert.deepEqual(readFileSync(file), Buffer.from(bytes));
  rmSync(dirname(file), { recursive: true });
  await nothingIsLeft(own);
});

test("a file that vanishes under its reader costs the recording only", async () => {
  const own = fresh();
  await assert.rejects(decodeAll(own, bytes, { file: join(directory, "gone") }), { reason: "internal" });
  assert.ok((await decodeAll(own, bytes)).length > 0);
  await nothingIsLeft(own);
});

test("who stops reading leaves no file behind", async () => {
  const own = fresh();
  for await (const _ of own.decode(inPieces(bytes, 500), { maxSeconds: 60 }).samples) break;
  await nothingIsLeft(own);
});

test("an upload that stalls in the middle is freed by its abort", async () => {
  const own = fresh();
  const { input, left, waiting } = stalling([bytes.subarray(0, 1000), bytes.subarray(1000, 2000)]);
  const controller = new AbortController();
  const reading = decodeAll(own, input, { signal: controller.signal });
  await waiting;
  assert.equal(readdirSync(directory).length, 1);
  controller.abort(new Error("gone"));
  await assert.rejects(reading, { message: "gone" });
  await left;
  await nothingIsLeft(own);
});

test("closing the decoder removes the files of what is under way", async () => {
  const own = fresh();
  const { input, waiting } = stalling([bytes.subarray(0, 2000)]);
  const reading = decodeAll(own, input);
  await waiting;
  const refused = assert.rejects(reading, { reason: "server_stopping" });
  await nothingIsLeft(own);
  await refused;
});

test("damaged and unreadable files are removed too", async () => {
  const own = fresh();
  await assert.rejects(decodeAll(own, bytes.subarray(0, 2000)), { reason: "audio_invalid" });
  await assert.rejects(decodeAll(own, recording("alac.m4a")), { reason: "audio_unsupported" });
  await nothingIsLeft(own);
});

const big = Buffer.concat([Buffer.from("\0\x01\x86\xa8ftypM4A ", "latin1"), new Uint8Array(150_000)]);

test("an upload that finds no room is left, so that its sender hears of it", async () => {
  const own = fresh();
  const { input, left } = stalling([big]);
  await assert.rejects(decodeAll(own, input), { reason: "spool_full" });
  await left;
  await nothingIsLeft(own);
});

test("a spool that cannot remove its file ends neither the recording nor the process", async () => {
  const refusing = {
    file() {
      const file = spool.file();
      const remove = async () => {
        await file.remove();
        throw new Error("the disk is gone");
      };
      return { ...file, remove };
    },
  };
  const own = createAudioDecoder({ workers: 1, spool: refusing });
  await assert.rejects(decodeAll(own, bytes.subarray(0, 2000)), { reason: "audio_invalid" });
  await nothingIsLeft(own);
});

test("an input that cannot be read at all is an error of its recording, and nothing waits for it", async () => {
  const own = fresh();
  const input = {
    [Symbol.asyncIterator]: () => {
      throw new Error("already read");
    },
  };
  await assert.rejects(decodeAll(own, input), /already read/);
  await nothingIsLeft(own);
});

test("more than the spool has room for is spool_full", async () => {
  const own = fresh();
  await assert.rejects(decodeAll(own, inPieces(big, 9000)), { reason: "spool_full" });
  await nothingIsLeft(own);
});

test("a file that is read as slowly as its reader likes is read whole", async () => {
  const own = fresh();
  const together = await decodeAll(own, bytes);
  const turns = await Promise.all([1, 2, 3, 4].map(() => decodeAll(own, inPieces(bytes, 333))));
  assert.ok(turns.every(({ length }) => length === together.length));
  await nothingIsLeft(own);
});
