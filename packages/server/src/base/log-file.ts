import { close, closeSync, fstatSync, mkdirSync, open, openSync, rename, write } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { type LineWriter, writeAll } from "./line-writer.ts";
import { rotatedFiles } from "./rotated-files.ts";

export interface LogFileOptions {
  readonly path: string;
  /** A file that would grow beyond it is put aside; 0: never. */
  readonly rotateBytes: number;
  /** A file that is older is put aside; infinite: never. */
  readonly rotateSeconds: number;
  /** All files of this log together, older ones compressed; 0: no limit. */
  readonly keepBytes: number;
  /** Told of the first failure of a row. */
  readonly onTrouble?: (error: Error) => void;
  /** Milliseconds since 1970. */
  readonly wallNow?: () => number;
}

/** A file of lines that is put aside when it is large or old. */
export interface LogFile extends LineWriter {
  /** Opens the path anew, since something else has moved the file away. */
  reopen(): void;
  /** Writes what is left and closes the file; older files are compressed by then. */
  close(): Promise<void>;
}

const calls = { open: promisify(open), write: promisify(write), close: promisify(close), rename: promisify(rename) };

/** Room for lines that the disk does not take, in UTF-16 units. */
const maxPending = 8 * 1024 * 1024;
/** After a failure lines are dropped for so long before the disk is tried again. */
const pauseMs = 1000;
const mode = 0o640;
const newline = 10;

/** Opens at once, so that a path that cannot be is known before anything starts. @throws of the disk */
export function openLogFile(options: LogFileOptions): LogFile {
  makeItsFolder(options.path);
  return new RotatingFile(options, openSync(options.path, "a", mode));
}

/** One folder at most: a path that is further from what is there is a mistake in writing. @throws of the disk */
function makeItsFolder(path: string): void {
  try {
    mkdirSync(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/**
 * Writes go to the thread pool one at a time, as those of `createLineWriter`: a slow disk costs lines, a full one too,
 * and neither costs the process anything else.
 */
class RotatingFile implements LogFile {
  readonly #options: LogFileOptions;
  readonly #wallNow: () => number;
  readonly #older: ReturnType<typeof rotatedFiles>;
  #fd: number | undefined;
  #bytes = 0;
  #sinceMs = 0;
  #pending: string[] = [];
  #pendingLength = 0;
  #dropped = 0;
  /** Of what is being written, what is not written yet. */
  #rest: Uint8Array = Buffer.alloc(0);
  #isTorn = false;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #wantsReopen = false;
  #pumping: Promise<void> | undefined;
  #tidying: Promise<void> = Promise.resolve();

  constructor(options: LogFileOptions, fd: number) {
    this.#options = options;
    this.#wallNow = options.wallNow ?? Date.now;
    this.#older = rotatedFiles(options.path);
    this.#take(fd);
    this.#tidy();
  }

  write(line: string): void {
    if (this.#pendingLength + line.length > maxPending) {
      this.#dropped += 1;
      return;
    }
    this.#pending.push(line);
    this.#pendingLength += line.length;
    this.#pumping ??= this.#pump();
  }

  async drain(): Promise<void> {
    await this.#pumping;
  }

  writeNow(): void {
    if (this.#pending.length > 0 && this.#fd !== undefined) writeAll(this.#fd, this.#chunk().bytes);
  }

  reopen(): void {
    this.#wantsReopen = true;
    this.#pumping ??= this.#pump();
  }

  async close(): Promise<void> {
    await this.#pumping;
    await this.#tidying;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  async #pump(): Promise<void> {
    // Lines of the same turn go out together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0 || this.#wantsReopen) await this.#step();
    this.#pumping = undefined;
  }

  async #step(): Promise<void> {
    const lines = this.#pending.length;
    if (!this.#wantsReopen && this.#wallNow() - this.#failedAtMs < pauseMs) {
      this.#dropped += lines;
      this.#empty();
      return;
    }
    const { bytes, dropped } = this.#chunk();
    this.#rest = bytes;
    try {
      if (this.#wantsReopen) await this.#letGo();
      this.#wantsReopen = false;
      if (this.#fd === undefined) this.#take(await calls.open(this.#options.path, "a", mode));
      if (this.#isDue(bytes.length)) await this.#rotate();
      await this.#send();
      this.#failedAtMs = Number.NEGATIVE_INFINITY;
    } catch (error) {
      const lost = this.#rest.reduce((count, byte) => count + (byte === newline ? 1 : 0), 0);
      // What came before them, and was to be told first, has not been told either.
      this.#dropped += lost > lines ? dropped + lines : lost;
      await this.#fail(error as Error);
    }
  }

  async #send(): Promise<void> {
    while (this.#rest.length > 0 && this.#fd !== undefined) {
      const { bytesWritten } = await calls.write(this.#fd, this.#rest, 0, this.#rest.length);
      this.#bytes += bytesWritten;
      this.#rest = this.#rest.subarray(bytesWritten);
      if (bytesWritten > 0) this.#isTorn = this.#rest.length > 0;
    }
  }

  async #fail(trouble: Error): Promise<void> {
    const isFirst = this.#failedAtMs === Number.NEGATIVE_INFINITY;
    this.#failedAtMs = this.#wallNow();
    await this.#letGo().catch(() => undefined);
    if (isFirst) this.#options.onTrouble?.(trouble);
  }

  #isDue(more: number): boolean {
    const { rotateBytes, rotateSeconds } = this.#options;
    if (this.#bytes === 0) return false;
    const isLarge = rotateBytes > 0 && this.#bytes + more > rotateBytes;
    return isLarge || this.#wallNow() - this.#sinceMs > rotateSeconds * 1000;
  }

  async #rotate(): Promise<void> {
    const { path } = this.#options;
    await this.#letGo();
    await calls.rename(path, this.#older.nameAt(this.#wallNow()));
    this.#take(await calls.open(path, "a", mode));
    this.#tidy();
  }

  #tidy(): void {
    const { keepBytes, rotateBytes, onTrouble } = this.#options;
    const most = keepBytes > 0 ? Math.max(0, keepBytes - rotateBytes) : Number.POSITIVE_INFINITY;
    this.#tidying = this.#tidying
      .then(() => this.#older.tidy(most))
      .catch((error: unknown) => onTrouble?.(error as Error));
  }

  #take(fd: number): void {
    const { size, birthtimeMs } = fstatSync(fd);
    this.#fd = fd;
    this.#bytes = size;
    // Of a file system that knows no births, the file counts as new.
    this.#sinceMs = size > 0 && birthtimeMs > 0 ? birthtimeMs : this.#wallNow();
  }

  async #letGo(): Promise<void> {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) await calls.close(fd);
  }

  /** All that is to be written now; a line that was torn by a full disk is ended first. */
  #chunk(): { readonly bytes: Buffer; readonly dropped: number } {
    const dropped = this.#dropped;
    const told = {
      level: "warn",
      time: new Date(this.#wallNow()).toISOString(),
      dropped,
      msg: "log lines were dropped",
    };
    const text = [...(dropped > 0 ? [`${JSON.stringify(told)}\n`] : []), ...this.#pending].join("");
    this.#empty();
    this.#dropped = 0;
    return { bytes: Buffer.from(this.#isTorn && text !== "" ? `\n${text}` : text), dropped };
  }

  #empty(): void {
    this.#pending = [];
    this.#pendingLength = 0;
  }
}
