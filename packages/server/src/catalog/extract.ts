import { createReadStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Parser, type ReadEntry } from "tar";
import { openPromise } from "yauzl";
import { diskError } from "./disk.ts";
import { isNameable } from "./model-path.ts";
import type { Located, Take } from "./sources.ts";

export interface ExtractTask {
  readonly archive: string;
  readonly format: Located["format"];
  readonly take: readonly Take[];
  /** Where the files go; it has to be there. */
  readonly directory: string;
  /** What it is for, in messages. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
}

/** What an archive may unpack to, bytes in all and files. */
const maxUnpackedBytes = 16_000_000_000;
const maxFiles = 10_000;

/**
 * Takes the wanted files out of an archive. Only regular files are written, under names that stay in the
 * directory; links, devices and everything that was not asked for are passed over.
 * @throws Error if the archive is damaged or lacks a wanted file; VoxpoolError `disk_full`
 */
export async function extract(task: ExtractTask): Promise<void> {
  const writer = createWriter(task);
  await (task.format === "tar" ? extractTar(task, writer) : extractZip(task, writer));
  writer.finish();
}

interface Writer {
  /** Where the entry of that name goes; `undefined` if it is not wanted. */
  destination(entryName: string): string | undefined;
  write(destination: string, bytes: number, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** @throws Error if a wanted file did not come */
  finish(): void;
}

function createWriter({ take, directory, name, signal }: ExtractTask): Writer {
  const written = new Set<string>();
  let roomBytes = maxUnpackedBytes;
  return {
    destination: (entryName) => destinationOf(entryName, take),
    write: async (destination, bytes, content) => {
      roomBytes -= bytes;
      written.add(destination);
      if (roomBytes < 0 || written.size > maxFiles) {
        throw new Error("it unpacks to more than it may");
      }
      try {
        await writeFile(join(directory, destination), bytes, content, signal);
      } catch (error) {
        throw diskError(error, name);
      }
    },
    finish: () => {
      const missing = take.find((one) => "to" in one && !written.has(one.to));
      if (missing !== undefined || written.size === 0) {
        throw new Error(`it has no ${missing !== undefined && "from" in missing ? missing.from : "wanted file"}`);
      }
    },
  };
}

function destinationOf(entryName: string, take: readonly Take[]): string | undefined {
  for (const one of take) {
    if ("to" in one) {
      if (one.from === entryName) {
        return one.to;
      }
    } else if (entryName.startsWith(`${one.under}/`)) {
      const below = entryName.slice(one.under.length + 1);
      return below.split("/").every((part) => isNameable(part) && !/[<>:"|?*]/.test(part)) ? below : undefined;
    }
  }
  return undefined;
}

/** Flushed to the disk, so that a finished model is whole also after the power fails. */
async function writeFile(
  path: string,
  bytes: number,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "wx", 0o644);
  try {
    let left = bytes;
    for await (const chunk of content) {
      signal?.throwIfAborted();
      left -= chunk.length;
      if (left < 0) {
        break;
      }
      await file.appendFile(chunk);
    }
    if (left !== 0) {
      throw new Error("a file in it has another size than it says");
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function extractTar({ archive, signal }: ExtractTask, writer: Writer): Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  const stopped = new AbortController();
  const onReadEntry = (entry: ReadEntry) => {
    const destination = entry.type === "File" ? writer.destination(entry.path) : undefined;
    if (destination === undefined || stopped.signal.aborted) {
      entry.resume();
      return;
    }
    const content = entry as AsyncIterable<Uint8Array>;
    writing = writing
      .then(() => writer.write(destination, entry.size, content))
      .catch((error: unknown) => {
        stopped.abort(error);
        entry.resume();
      });
  };
  const signals = signal === undefined ? stopped.signal : AbortSignal.any([signal, stopped.signal]);
  try {
    await pipeline(createReadStream(archive), new Parser({ strict: true, onReadEntry }), { signal: signals });
  } catch (error) {
    signals.throwIfAborted();
    throw error;
  }
  await writing;
  stopped.signal.throwIfAborted();
}

async function extractZip({ archive, signal }: ExtractTask, writer: Writer): Promise<void> {
  const zip = await openPromise(archive, { validateEntrySizes: true, strictFileNames: true });
  try {
    for await (const entry of zip.eachEntry()) {
      signal?.throwIfAborted();
      const destination = isRegular(entry.externalFileAttributes) ? writer.destination(entry.fileName) : undefined;
      if (destination !== undefined && !entry.fileName.endsWith("/")) {
        await writer.write(destination, entry.uncompressedSize, await zip.openReadStreamPromise(entry));
      }
    }
  } finally {
    zip.close();
  }
}

/** The upper half are the Unix mode bits, where the archiver wrote any. */
function isRegular(externalFileAttributes: number): boolean {
  const kind = (externalFileAttributes >>> 16) & 0o170000;
  return kind === 0 || kind === 0o100000;
}
