import { createReadStream, type ReadStream } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { VoxpoolError } from "./errors.ts";
import { makeFolder } from "./folders.ts";

/** A file that comes into being with its first bytes, inside the room of its spool. */
export interface SpoolFile {
  /** Undefined while there is no file. */
  path(): string | undefined;
  /** One call at a time. @throws VoxpoolError `disk_full` */
  append(bytes: Uint8Array): Promise<void>;
  /** Nothing more is appended. */
  close(): Promise<void>;
  /** Ends the readings that are under way. Never rejects. Safe to call twice; not while `append` is under way. */
  remove(): Promise<void>;
}

/** A file that is not needed any more and could not be removed. */
export interface Leftover {
  readonly path: string;
  readonly bytes: number;
}

interface SpoolFileOptions {
  /** A new path at each call. */
  readonly path: () => string;
  /** Waited for before the file is made. */
  readonly prepare: () => Promise<void>;
  take(bytes: number): void;
  /** The room of what was removed. */
  give(bytes: number): void;
  /** What could not be removed keeps its room. */
  leave(leftover: Leftover, error: unknown): void;
}

/** @see SpoolFile; `read` gives undefined while there is no file */
export function createSpoolFile(options: SpoolFileOptions) {
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

  async function create(): Promise<FileHandle> {
    const file = options.path();
    await makeFolder(dirname(file), 0o700);
    const opened = await open(file, "wx", 0o600);
    path = file;
    return opened;
  }

  async function remove(): Promise<void> {
    // What could not be written to the end is not wanted any more.
    await close().catch(() => undefined);
    // The room of a file is free only when nobody has it open.
    await Promise.all([...readers].map(closed));
    if (path === undefined) return options.give(taken);
    try {
      await rm(path, { force: true });
      options.give(taken);
    } catch (error) {
      options.leave({ path, bytes: taken }, error);
    }
  }

  async function close(): Promise<void> {
    const ended = handle;
    handle = undefined;
    await ended?.close();
  }

  let removing: Promise<void> | undefined;
  return {
    path: () => path,
    /** Undefined while there is no file. */
    read: () => (path === undefined ? undefined : readFrom(path)),
    async append(bytes: Uint8Array): Promise<void> {
      if (bytes.length === 0) return;
      if (path === undefined) await options.prepare();
      options.take(bytes.length);
      taken += bytes.length;
      try {
        handle ??= await create();
        await handle.writeFile(bytes);
      } catch (error) {
        throw isDiskFull(error) ? diskFull(error) : error;
      }
    },
    close,
    remove(): Promise<void> {
      removed = true;
      removing ??= remove();
      return removing;
    },
  };
}

/** Not by `once` of events: a reading that is left early ends with an error, which would take the place of its cause. */
function closed(reader: ReadStream): Promise<void> {
  return new Promise((resolve) => {
    reader.once("close", resolve).destroy();
  });
}

function diskFull(cause: unknown): VoxpoolError {
  return new VoxpoolError("disk_full", { what: "uploads" }, { cause });
}

function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}
