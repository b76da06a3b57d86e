import { DatabaseSync } from "node:sqlite";
import { VoxpoolError } from "../base/errors.ts";

/** What makes each format out of the one before. Only ever added to: files of all formats are out there. */
const migrations: readonly string[] = [
  `
  CREATE TABLE aliases (alias TEXT PRIMARY KEY, target TEXT NOT NULL) STRICT;
  CREATE TABLE pins (directory TEXT PRIMARY KEY) STRICT;
  CREATE TABLE defaults (model TEXT PRIMARY KEY, version TEXT NOT NULL, at REAL NOT NULL) STRICT;
  CREATE TABLE quarantine (
    directory TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    details TEXT NOT NULL,
    failures INTEGER NOT NULL,
    until REAL NOT NULL,
    files TEXT NOT NULL
  ) STRICT;
  CREATE TABLE poison (
    directory TEXT NOT NULL,
    files TEXT NOT NULL,
    samples INTEGER NOT NULL,
    digest TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (directory, files, samples, digest)
  ) STRICT;
  CREATE INDEX poison_at ON poison (at);
  CREATE TABLE counters (model_path TEXT PRIMARY KEY, counts TEXT NOT NULL, at REAL NOT NULL) STRICT;
  CREATE TABLE facts (directory TEXT PRIMARY KEY, resident_bytes REAL NOT NULL, at REAL NOT NULL) STRICT;
  `,
  `
  CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    old_hash TEXT,
    old_until REAL,
    scopes TEXT NOT NULL,
    models TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL,
    last_used_at REAL,
    revoked_at REAL
  ) STRICT;
  `,
];

/**
 * Brings a database to today's format, each step whole or not at all.
 * @throws VoxpoolError `state_newer`
 */
export function migrate(database: DatabaseSync, file: string): void {
  const version = formatOf(database);
  const known = migrations.length;
  if (version > known) throw new VoxpoolError("state_newer", { file, version, known });
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}

/** @throws Error where it is not what its format says: it came from elsewhere, or somebody took tables away */
export function checkFormat(database: DatabaseSync): void {
  const sound = new DatabaseSync(":memory:");
  try {
    migrate(sound, "");
    const found = tablesOf(database);
    for (const [name, sql] of tablesOf(sound)) {
      if (found.get(name) !== sql) throw new Error(`it has no ${name} as its format says`);
    }
  } finally {
    sound.close();
  }
}

/** How each table and index was made. */
function tablesOf(database: DatabaseSync): ReadonlyMap<string, string> {
  const rows = database.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").all();
  return new Map(rows.map(({ name, sql }) => [String(name), String(sql)]));
}

/** Which format it has; 0: it is none of ours, or empty. */
export function formatOf(database: DatabaseSync): number {
  const row = database.prepare("PRAGMA user_version").get();
  return Number(row?.user_version);
}
