import { randomUUID } from "node:crypto";
import { createReadStream, type ReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { VoxpoolError } from "./errors.ts";
import { createGrowingBuffer, type GrowingBuffer } from "./growing-buffer.ts";

/** An upload that has been received whole. */
export interface SpooledUpload {
  readonly sizeBytes: number;
  /** Its bytes, from the start; may be read more than once until it is removed. Opens nothing before it is read. */
  bytes(): AsyncIterable<Uint8Array>;
  /** Frees its memory or file, and ends the readings that are under way. Safe to call twice. */
  remove(): Promise<void>;
}

/** A file that comes into being with its first bytes, inside the room of its spool. */
export interface SpoolFile {
  /** Undefined while there is no file. */
  path(): string | undefined;
  /** One call at a time. @throws VoxpoolError `disk_full` */
  append(bytes: Uint8Array): Promise<void>;
  /** Nothing more is appended. */
  close(): Promise<void>;
  /** Ends the readings that are under way. Safe to call twice; not while `append` is under way. */
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
}

const prefix = "upload-";

/** Keeps uploads that have to be complete before they can be used: small ones in memory, others in files. */
export function createSpool(options: SpoolOptions): Spool {
  const { directory, limitBytes, memoryBytes = 1024 * 1024, totalMemoryBytes = 64 * 1024 * 1024 } = options;
  let inMemory = 0;
  let used = 0;

  const newFile = () =>
    createSpoolFile({
      // Several spools may share a directory, and a killed process may have left files there.
      path: () => join(directory, `${prefix}${process.pid}-${randomUUID()}`),
      // Counted before it is written: many uploads at once must not overshoot together.
      take(bytes) {
        if (used + bytes > limitBytes) throw spoolFull(limitBytes);
        used += bytes;
      },
      give: (bytes) => {
        used -= bytes;
      },
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
      if (file.path() !== undefined) await file.append(memory.view());
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
    return { sizeBytes: size, bytes: () => file.read() ?? fromMemory(memory), remove };
  }

  return { prepare: () => prepare(directory), receive, file: newFile, usedBytes: () => used };
}

interface SpoolFileOptions {
  /** A new path at each call. */
  readonly path: () => string;
  take(bytes: number): void;
  give(bytes: number): void;
}

function createSpoolFile(options: SpoolFileOptions) {
  let path: string | undefined;
  let handle: FileHandle | undefined;
  let taken = 0;
  let removed = false;
  const readers = new Set<ReadStream>();

  async function* readFrom(file: string): AsyncGenerator<Uint8Array> {
    if (removed) throw new VoxpoolError("request_cancelled");
    const reader = createReadStream(file, { highWaterMark: 262_144 });
    readers.add(reader);
    // A reader that nobody waits for when it ends must not end the process.
    reader.on("error", () => undefined).once("close", () => readers.delete(reader));
    yield* reader as AsyncIterable<Uint8Array>;
  }
  return {
    path: () => path,
    /** Undefined while there is no file. */
    read: () => (path === undefined ? undefined : readFrom(path)),
    async append(bytes: Uint8Array): Promise<void> {
      if (bytes.length === 0) return;
      options.take(bytes.length);
      taken += bytes.length;
      try {
        if (handle === undefined) {
          path = options.path();
          await mkdir(dirname(path), { recursive: true, mode: 0o700 });
          handle = await open(path, "wx", 0o600);
        }
        await handle.writeFile(bytes);
      } catch (error) {
        throw isDiskFull(error) ? diskFull(error) : error;
      }
    },
    async close(): Promise<void> {
      const ended = handle;
      handle = undefined;
      await ended?.close();
    },
    async remove(): Promise<void> {
      const bytes = taken;
      taken = 0;
      removed = true;
      await this.close();
      // The room of a file is free only when nobody has it open.
      await Promise.all([...readers].map(closed));
      if (path !== undefined) await rm(path, { force: true });
      options.give(bytes);
    },
  };
}

/** Not by `once` of events: a reading that is left early ends with an error, which would take the place of its cause. */
function closed(reader: ReadStream): Promise<void> {
  return new Promise((resolve) => {
    reader.once("close", resolve).destroy();
  });
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

function diskFull(cause: unknown): VoxpoolError {
  return new VoxpoolError("disk_full", { what: "uploads" }, { cause });
}

function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}
