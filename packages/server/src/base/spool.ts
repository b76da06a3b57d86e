import { randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { VoxpoolError } from "./errors.ts";
import { createGrowingBuffer, type GrowingBuffer } from "./growing-buffer.ts";
import { type Log, silentLog } from "./log.ts";
import { createSpoolFile, type Leftover, type SpoolFile } from "./spool-file.ts";

export type { SpoolFile } from "./spool-file.ts";

/** An upload that has been received whole. */
export interface SpooledUpload {
  readonly sizeBytes: number;
  /** Its bytes, from the start; may be read more than once until it is removed. Opens nothing before it is read. */
  bytes(): AsyncIterable<Uint8Array>;
  /** Where it is on the disk; undefined while it is in memory. */
  path(): string | undefined;
  /** Frees its memory or file, and ends the readings that are under way. Never rejects. Safe to call twice. */
  remove(): Promise<void>;
}

export interface Spool {
  /** Removes what a killed server left in the directory, which is made with the first file. */
  prepare(): Promise<void>;
  /**
   * Receives an upload; whatever ends it, no file stays behind.
   * @throws VoxpoolError `disk_full`, `spool_full`, and whatever the source throws
   */
  receive(chunks: AsyncIterable<Uint8Array>): Promise<SpooledUpload>;
  /** A file to be filled by hand; whoever asks for it removes it. */
  file(): SpoolFile;
  /** What the files hold at present, bytes. */
  usedBytes(): number;
}

export interface SpoolOptions {
  readonly directory: string;
  /** Room for all files together, bytes. */
  readonly limitBytes: number;
  /** An upload up to this size stays in memory. */
  readonly memoryBytes?: number;
  /** What all uploads together may keep in memory. */
  readonly totalMemoryBytes?: number;
  /** Told of files that cannot be removed; nobody by default. */
  readonly log?: Log;
}

const prefix = "upload-";
/** So many files that could not be removed are tried again at a time. */
const mostRetries = 16;

/** Keeps uploads that have to be complete before they can be used: small ones in memory, others in files. */
export function createSpool(options: SpoolOptions): Spool {
  const { directory, limitBytes, memoryBytes = 1024 * 1024, totalMemoryBytes = 64 * 1024 * 1024 } = options;
  const { log = silentLog } = options;
  let inMemory = 0;
  let used = 0;
  const give = (bytes: number) => {
    used -= bytes;
  };
  const leftovers = createLeftovers(give, log);

  const newFile = () =>
    createSpoolFile({
      prepare: () => leftovers.retry(),
      // Several spools may share a directory, and a killed process may have left files there.
      path: () => join(directory, `${prefix}${process.pid}-${randomUUID()}`),
      // Counted before it is written: many uploads at once must not overshoot together.
      take(bytes) {
        if (used + bytes > limitBytes) throw spoolFull(limitBytes);
        used += bytes;
      },
      give,
      leave: (leftover, error) => leftovers.add(leftover, error),
    });

  async function receive(chunks: AsyncIterable<Uint8Array>): Promise<SpooledUpload> {
    const file = newFile();
    const memory = createGrowingBuffer();
    let size = 0;
    let held = 0;
    const hold = (bytes: number) => {
      inMemory += bytes - held;
      held = bytes;
    };
    try {
      for await (const chunk of chunks) {
        size += chunk.length;
        memory.add(chunk);
        hold(memory.size);
        if (memory.size > memoryBytes || inMemory > totalMemoryBytes) {
          await file.append(memory.view());
          memory.clear();
          hold(0);
        }
      }
      if (file.path() !== undefined) {
        await file.append(memory.view());
        memory.clear();
        hold(0);
      }
      await file.close();
    } catch (error) {
      hold(0);
      await file.remove();
      throw error;
    }
    const remove = () => {
      hold(0);
      memory.clear();
      return file.remove();
    };
    return { sizeBytes: size, bytes: () => file.read() ?? fromMemory(memory), path: file.path, remove };
  }

  return { prepare: () => prepare(directory), receive, file: newFile, usedBytes: () => used };
}

/** They take their room until they are gone: a disk on which nothing can be removed must not fill up. */
function createLeftovers(give: (bytes: number) => void, log: Log) {
  const all = new Set<Leftover>();
  return {
    add(leftover: Leftover, err: unknown): void {
      all.add(leftover);
      log.warn({ err }, "the file of an upload could not be removed; it is tried again with the next uploads");
    },
    async retry(): Promise<void> {
      for (const leftover of [...all].slice(0, mostRetries)) {
        all.delete(leftover);
        if (await isGone(leftover)) give(leftover.bytes);
        else all.add(leftover);
      }
    },
  };
}

async function isGone({ path }: Leftover): Promise<boolean> {
  return rm(path, { force: true }).then(
    () => true,
    () => false,
  );
}

async function* fromMemory(memory: GrowingBuffer): AsyncGenerator<Uint8Array> {
  if (memory.size > 0) yield memory.view();
}

async function prepare(directory: string): Promise<void> {
  const names = await readdir(directory).catch(noDirectory);
  const left = names.filter((name) => name.startsWith(prefix));
  await Promise.all(left.map((name) => rm(join(directory, name), { force: true })));
}

function noDirectory(error: unknown): string[] {
  if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return [];
  throw error;
}

function spoolFull(limitBytes: number): VoxpoolError {
  return new VoxpoolError("spool_full", { limit_bytes: limitBytes, setting: "limits.spool_bytes" });
}
