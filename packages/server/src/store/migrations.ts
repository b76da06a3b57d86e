import type { DatabaseSync } from "node:sqlite";
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

function formatOf(database: DatabaseSync): number {
  const row = database.prepare("PRAGMA user_version").get();
  return Number(row?.user_version);
}
