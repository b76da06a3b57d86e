import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { VoxpoolError } from "../base/errors.ts";
import { checkFormat, migrate } from "./migrations.ts";
import { renameDatabase, stamp, takeRestored } from "./restore.ts";
import type { Notice } from "./wire.ts";

/** Result codes of SQLite, without what extends them. */
export const sqlite = { busy: 5, readOnly: 8, full: 13, cannotOpen: 14 } as const;

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  readonly notices: readonly Notice[];
  /** Why nothing that is written would be kept. */
  readonly notKept?: string;
}

/** Whoever looks into the file from outside is done after so long. */
const busyTimeoutMs = 1000;
const inMemory = ":memory:";

/**
 * Opens the database of a state directory for this process alone, in today's format. What cannot be read is moved
 * aside and a fresh file begun; where that is impossible too, there is an empty database in memory.
 * @param file undefined: in memory, and meant so
 * @throws VoxpoolError `state_newer`; `state_locked` while another process has the file
 */
export function openDatabase(file: string | undefined, maxBytes: number): OpenedDatabase {
  if (file === undefined) return { database: connect(inMemory, maxBytes), notices: [] };
  try {
    const restored = takeRestored(file);
    return { database: connect(file, maxBytes), notices: restored ? [{ type: "restored", ...restored }] : [] };
  } catch (error) {
    if (error instanceof VoxpoolError) throw error;
    const code = codeOf(error);
    if (code === sqlite.busy) throw new VoxpoolError("state_locked", { state_dir: file, pid: "?", url: "" });
    const detail = textOf(error);
    const isDamaged = code !== sqlite.full && code !== sqlite.readOnly && existsSync(file);
    return isDamaged ? beginAfresh(file, maxBytes, detail) : openInMemory(maxBytes, detail);
  }
}

function connect(file: string, maxBytes: number): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs });
  try {
    // Exclusive before WAL: then a second server is refused, and there is no shared memory that kill -9 leaves behind.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    limit(database, maxBytes);
    check(database);
    migrate(database, file);
    checkFormat(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function limit(database: DatabaseSync, maxBytes: number): void {
  const row = database.prepare("PRAGMA page_size").get();
  database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / Number(row?.page_size)))}`);
}

/** @throws Error that says what is damaged */
function check(database: DatabaseSync): void {
  const found = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  if (found !== "ok") throw new Error(String(found).slice(0, 200));
}

function beginAfresh(file: string, maxBytes: number, detail: string): OpenedDatabase {
  try {
    const to = moveAside(file);
    return { database: connect(file, maxBytes), notices: [{ type: "moved_aside", to, detail }] };
  } catch (error) {
    return openInMemory(maxBytes, `${detail}; ${textOf(error)}`);
  }
}

/** Whoever has to may still look at what was in it. */
function moveAside(file: string): string {
  const to = `${file}.damaged-${stamp()}`;
  renameDatabase(file, to);
  return to;
}

function openInMemory(maxBytes: number, detail: string): OpenedDatabase {
  return { database: connect(inMemory, maxBytes), notices: [{ type: "not_kept", detail }], notKept: detail };
}

/** The result code of SQLite; undefined if it is no error of SQLite's. */
export function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff; // the rest says more exactly where
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
