import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type FileLock, tryFileLock } from "./file-lock.ts";
import { makeFolder } from "./folders.ts";

/** A directory for files of this process alone. */
export interface WorkDirectory {
  /** Made by whoever puts the first file there. */
  readonly path: string;
  /** Removes it. Safe to call twice. */
  release(): Promise<void>;
}

const suffix = ".lock";
const ours = /^\d{1,10}-[0-9a-f]{12}$/;

/**
 * Takes a new directory in `parent`, which is made (0700) where it is missing, and removes what killed processes left
 * there: recordings may be in it. Each directory has a lock beside it, and whoever can take that has outlived its owner.
 */
export async function takeWorkDirectory(parent: string): Promise<WorkDirectory> {
  await removeAbandoned(parent);
  try {
    await makeFolder(parent, 0o700);
    for (;;) {
      const path = newPath(parent);
      const lock = lockOf(path);
      if (lock !== undefined) return { path, release: () => remove(path, lock) };
    }
  } catch {
    // Where no file can be made nothing can be left, and where there are no locks nobody else can take one.
    const path = newPath(parent);
    return { path, release: () => rm(path, { recursive: true, force: true }).catch(() => undefined) };
  }
}

/** Removes the work directories in `parent` whose owners have ended. Never rejects: what cannot be removed stays. */
export async function removeAbandoned(parent: string): Promise<void> {
  const found = await readdir(parent).catch(() => []);
  const names = new Set(found.map((name) => (name.endsWith(suffix) ? name.slice(0, -suffix.length) : name)));
  await Promise.all([...names].filter((name) => ours.test(name)).map((name) => removeIfAbandoned(join(parent, name))));
}

const newPath = (parent: string) => join(parent, `${process.pid}-${randomBytes(6).toString("hex")}`);

async function removeIfAbandoned(path: string): Promise<void> {
  try {
    // One without a lock was left too: the lock comes before the directory, and goes after it.
    const lock = lockOf(path);
    if (lock !== undefined) await remove(path, lock);
  } catch {
    // Somebody else removes it, or it belongs to another user: no reason not to start.
  }
}

/** Undefined if somebody else has it, or had it just now and removed its file. */
function lockOf(path: string): FileLock | undefined {
  const lock = tryFileLock(path + suffix);
  if (lock === undefined || existsSync(path + suffix)) return lock;
  lock.release();
  return undefined;
}

async function remove(path: string, lock: FileLock): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
    // Before it is given back, or another could take it in between. Windows removes only what nobody has open.
    if (process.platform !== "win32") rmSync(path + suffix, { force: true });
  } finally {
    lock.release();
  }
  if (process.platform === "win32") await rm(path + suffix, { force: true }).catch(() => undefined);
}
