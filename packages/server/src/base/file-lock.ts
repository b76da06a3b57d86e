import { rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** A file that this process has to itself. */
export interface FileLock {
  /** Safe to call twice. */
  release(): void;
}

const sqliteBusy = 5;
const sqliteNotADatabase = 26;

/**
 * Takes the lock of a file, which is made where it is missing; undefined if somebody else has it.
 *
 * It is SQLite's exclusive lock on an empty database, which the kernel gives back however the process ends; so it
 * does not depend on process numbers, which are used again, and mean nothing in another container.
 * @throws what SQLite throws if the file cannot be used
 */
export function tryFileLock(path: string): FileLock | undefined {
  try {
    return tryOnce(path);
  } catch (error) {
    // Somebody wrote into it. Nobody holds a lock on what is no database, and it has no content to lose.
    if (codeOf(error) !== sqliteNotADatabase) throw error;
    rmSync(path, { force: true });
    return tryOnce(path);
  }
}

function tryOnce(path: string): FileLock | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    // Nothing is ever written, so nothing has to be undone: without this there is a second file, which a kill leaves.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lockOf(database);
  } catch (error) {
    database?.close();
    if (codeOf(error) === sqliteBusy) return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "errcode" in error ? error.errcode : undefined;
}

function lockOf(database: DatabaseSync): FileLock {
  return {
    release() {
      if (database.isOpen) database.close();
    },
  };
}
