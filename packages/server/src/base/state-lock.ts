import { accessSync, constants, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { VoxpoolError } from "./errors.ts";
import { type FileLock, tryFileLock } from "./file-lock.ts";
import { makeFolder } from "./folders.ts";
import { systemText } from "./system-text.ts";

/** Who has the directory. */
export interface LockOwner {
  readonly pid: number;
  /** Where the server answers; unknown until it listens. */
  readonly url?: string;
}

/** A state directory that this process has to itself. */
export interface StateLock {
  readonly stateDir: string;
  /** Tells those who come second where the server answers. */
  setUrl(url: string): void;
  /** Safe to call twice. */
  release(): void;
}

const maxAttempts = 20;
const lockName = "server.lock";
const ownerName = "server.json";

/**
 * Takes a state directory for this process; makes it (0700) where it is missing.
 *
 * The kernel gives the lock back however the process ends. Who has it stands in a file beside it, which is only ever
 * read for messages.
 * @throws VoxpoolError `state_locked` {state_dir, pid, url}; `config_invalid` if the directory cannot be used
 */
export async function lockStateDirectory(stateDir: string, owner: LockOwner): Promise<StateLock> {
  await makeDirectory(stateDir);
  const lock = await takeLock(stateDir);
  let isReleased = false;
  const ownerFile = join(stateDir, ownerName);
  const writeOwner = (known: LockOwner) => writeFileSync(ownerFile, `${JSON.stringify(known)}\n`, { mode: 0o600 });
  try {
    writeOwner(owner);
  } catch (error) {
    // Where there is no room models can be used all the same, and the store says what is not kept.
    if (!isFull(error)) {
      lock.release();
      throw unusable(stateDir, error);
    }
  }
  return {
    stateDir,
    setUrl(url) {
      try {
        writeOwner({ pid: owner.pid, url });
      } catch {
        // A disk that has filled up costs a later message its URL, not this server its start.
      }
    },
    release() {
      // The file may be that of the next owner by now.
      if (isReleased) return;
      isReleased = true;
      rmSync(ownerFile, { force: true });
      lock.release();
    },
  };
}

/** The server that has a state directory, by what it wrote down; nothing is touched. Undefined if it does not live. */
export function stateOwner(stateDir: string): LockOwner | undefined {
  const owner = readOwner(stateDir);
  return owner !== undefined && isAlive(owner.pid) ? owner : undefined;
}

async function makeDirectory(stateDir: string): Promise<void> {
  try {
    await makeFolder(stateDir, 0o700);
    accessSync(stateDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(stateDir, error);
  }
}

/**
 * Tried again while no living owner is known: two servers that start in the same instant can each see the lock of
 * the other and both step back, and a server that ends takes its file away a moment before its lock.
 */
async function takeLock(stateDir: string): Promise<FileLock> {
  let owner: LockOwner | undefined;
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const lock = tryLock(stateDir);
    if (lock !== undefined) return lock;
    owner = readOwner(stateDir);
    if (owner !== undefined && isAlive(owner.pid)) break;
    await pause(5 + Math.random() * 20);
  }
  const url = owner?.url === undefined ? "" : ` (${owner.url})`;
  throw new VoxpoolError("state_locked", { state_dir: stateDir, pid: owner?.pid ?? "?", url });
}

/** Undefined if somebody else has it. */
function tryLock(stateDir: string): FileLock | undefined {
  try {
    return tryFileLock(join(stateDir, lockName));
  } catch (error) {
    throw unusable(stateDir, error);
  }
}

function readOwner(stateDir: string): LockOwner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(stateDir, ownerName), "utf8"));
    if (typeof value !== "object" || value === null || !("pid" in value)) return undefined;
    const { pid } = value;
    if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
    const url = "url" in value && typeof value.url === "string" ? value.url.slice(0, 200) : undefined;
    return url === undefined || /\p{Cc}/u.test(url) ? { pid } : { pid, url };
  } catch {
    return undefined;
  }
}

/** Whether there is such a process on this machine, whoever it belongs to. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

const isFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");

function unusable(stateDir: string, error: unknown): VoxpoolError {
  const why = systemText(error);
  const detail = `${stateDir} cannot be used (${why}); choose a directory that can be written: --state-dir DIR`;
  return new VoxpoolError("config_invalid", { source: "state_dir", detail }, { cause: error });
}
