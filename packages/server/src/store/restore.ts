import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { VoxpoolError } from "../base/errors.ts";
import { makeFolder } from "../base/folders.ts";
import { systemText } from "../base/system-text.ts";
import { checkFormat, formatOf, migrate } from "./migrations.ts";

/** The file and what SQLite keeps beside it; the file last, so that it is never there without them. */
const suffixes = ["-wal", "-shm", "-journal", ""] as const;

const waitingFor = (stateFile: string) => `${stateFile}.restore`;

/**
 * Checks a backup, and puts a copy beside the state file, of which the next start makes the state. So it is safe while
 * a server runs, and whatever happens on the way, the state is either the old or the new one.
 * @throws VoxpoolError `backup_invalid`; `state_newer` of one that a newer voxpool wrote; `state_unwritable`
 */
export async function stageRestore(backup: string, stateFile: string): Promise<void> {
  const copy = `${waitingFor(stateFile)}-${process.pid}.part`;
  try {
    await copyTo(copy, backup, stateFile);
    check(copy, backup);
    sync(copy);
    renameSync(copy, waitingFor(stateFile));
  } finally {
    for (const suffix of suffixes) rmSync(copy + suffix, { force: true });
  }
}

/** Makes the backup that waits, if there is one, the state file. @returns where what was there is kept */
export function takeRestored(stateFile: string): { readonly before: string | undefined } | undefined {
  const waiting = waitingFor(stateFile);
  if (!existsSync(waiting)) return undefined;
  const before = `${stateFile}.before-restore-${stamp()}`;
  const hadState = existsSync(stateFile);
  renameDatabase(stateFile, before);
  renameSync(waiting, stateFile);
  return { before: hadState ? before : undefined };
}

/** Renames a database with all that SQLite keeps beside it. */
export function renameDatabase(from: string, to: string): void {
  for (const suffix of suffixes) if (existsSync(from + suffix)) renameSync(from + suffix, to + suffix);
}

/** The present moment, for names of files. */
export function stamp(): string {
  return new Date().toISOString().replaceAll(/[-:.]/g, "");
}

async function copyTo(copy: string, backup: string, stateFile: string): Promise<void> {
  if (!existsSync(backup)) throw invalid(backup, "there is no such file or folder");
  try {
    await makeFolder(dirname(stateFile), 0o700);
    closeSync(openSync(copy, "wx", 0o600)); // key hashes are in it
    copyFileSync(backup, copy);
  } catch (error) {
    throw new VoxpoolError("state_unwritable", { file: stateFile, detail: systemText(error) }, { cause: error });
  }
}

/** Today's format at the end: what cannot be brought to it is not taken. */
function check(copy: string, backup: string): void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(copy);
    const found = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
    if (found !== "ok" || formatOf(database) < 1) throw new Error("it is no database of voxpool");
    migrate(database, backup);
    checkFormat(database);
    database.exec("PRAGMA journal_mode = DELETE"); // whole in one file
  } catch (error) {
    if (error instanceof VoxpoolError) throw error;
    throw invalid(backup, error instanceof Error ? error.message : String(error));
  } finally {
    database?.close();
  }
}

function sync(file: string): void {
  const descriptor = openSync(file, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const invalid = (file: string, detail: string) => new VoxpoolError("backup_invalid", { file, detail });
