import { write as startWrite, writeSync } from "node:fs";

/** Writes lines to a file descriptor in the background, in order, as fast as the reader takes them. */
export interface LineWriter {
  /** Never waits. Lines beyond the limit are dropped, and their number is written once there is room again. */
  write(line: string): void;
  /** Resolves when the kernel has everything, or the reader is gone. */
  drain(): Promise<void>;
  /** Writes what is left at once; for the end of the process. Lines whose write is under way may come after it. */
  writeNow(): void;
}

/** Room for lines that nobody reads, in UTF-16 units. */
const maxPending = 8 * 1024 * 1024;
const busyPauseMs = 10;
/** A full pipe at the end of the process is waited for so long. */
const maxFinalAttempts = 20;

/**
 * A synchronous write would stop the whole process whenever the reader of the pipe does, so lines are gathered and
 * written by the thread pool, one write at a time. A reader that is gone ends the writing, not the process.
 */
export function createLineWriter(fd: number): LineWriter {
  let pending: string[] = [];
  let pendingLength = 0;
  let dropped = 0;
  let isWriting = false;
  let isGone = false;
  const waiting: (() => void)[] = [];

  function take(): Buffer {
    if (dropped > 0) pending.push(`${JSON.stringify({ level: "warn", dropped, msg: "log lines were dropped" })}\n`);
    const chunk = Buffer.from(pending.join(""));
    pending = [];
    pendingLength = 0;
    dropped = 0;
    return chunk;
  }

  function next(): void {
    if (pending.length > 0 && !isGone) {
      send(take());
      return;
    }
    isWriting = false;
    for (const resolve of waiting.splice(0)) resolve();
  }

  function send(chunk: Buffer): void {
    startWrite(fd, chunk, (error, written) => {
      if (error?.code === "EAGAIN") setTimeout(send, busyPauseMs, chunk);
      else if (error === null && written < chunk.length) send(chunk.subarray(written));
      else {
        isGone = error !== null;
        next();
      }
    });
  }

  return {
    write(line) {
      if (isGone) return;
      if (pendingLength + line.length > maxPending) {
        dropped += 1;
        return;
      }
      pending.push(line);
      pendingLength += line.length;
      if (isWriting) return;
      isWriting = true;
      // Not at once: lines of the same turn go out together.
      setImmediate(next);
    },
    drain: () => (isWriting ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    writeNow() {
      if (pending.length > 0 && !isGone) isGone = !writeAll(fd, take());
    },
  };
}

/** Writes at once, and waits a moment for a full pipe. @returns whether all of it was written */
export function writeAll(fd: number, chunk: Uint8Array): boolean {
  let rest = chunk;
  for (let attempt = 0; attempt < maxFinalAttempts; ) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
      if (rest.length === 0) return true;
      attempt = 0;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, busyPauseMs);
      attempt += 1;
    }
  }
  return false;
}
