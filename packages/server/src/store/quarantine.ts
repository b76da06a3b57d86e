import type { ErrorDetails } from "../base/errors.ts";
import { numberOf, objectOf, textOf } from "./rows.ts";
import type { Row, Store } from "./store.ts";

/** Why a model is not tried for a while. */
export interface Quarantined {
  /** A name of the error catalogue. */
  readonly reason: string;
  readonly details: ErrorDetails;
  /** One after the other. */
  readonly failures: number;
  /** Unix seconds. */
  readonly until: number;
  /** What tells its files apart from changed ones: `Catalog.fingerprint`. */
  readonly files: string;
}

/** Models that failed. Each write resolves once it is kept. @throws VoxpoolError as `Store.write` does */
export interface Quarantine {
  /** By the real path of the directory. */
  load(): Promise<ReadonlyMap<string, Quarantined>>;
  set(directory: string, quarantined: Quarantined): Promise<void>;
  remove(directory: string): Promise<void>;
}

/** Directories that are gone are never asked for again, so the oldest make room. */
const mostKept = 10_000;

export function createQuarantine(store: Store): Quarantine {
  return {
    async load() {
      const rows = await store.read(`SELECT * FROM quarantine ORDER BY until DESC LIMIT ${mostKept}`);
      return new Map(rows.map((row) => [textOf(row, "directory"), toQuarantined(row)]));
    },
    set: (directory, { reason, details, failures, until, files }) =>
      store.write(
        {
          sql: "INSERT OR REPLACE INTO quarantine (directory, reason, details, failures, until, files) VALUES (?, ?, ?, ?, ?, ?)",
          values: [directory, reason, JSON.stringify(details), failures, until, files],
        },
        {
          sql: "DELETE FROM quarantine WHERE directory IN (SELECT directory FROM quarantine ORDER BY until DESC LIMIT -1 OFFSET ?)",
          values: [mostKept],
        },
      ),
    remove: (directory) => store.write({ sql: "DELETE FROM quarantine WHERE directory = ?", values: [directory] }),
  };
}

function toQuarantined(row: Row): Quarantined {
  return {
    reason: textOf(row, "reason"),
    details: detailsOf(row),
    failures: numberOf(row, "failures"),
    until: numberOf(row, "until"),
    files: textOf(row, "files"),
  };
}

function detailsOf(row: Row): ErrorDetails {
  const details: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(objectOf(row, "details") ?? {})) {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") details[name] = value;
  }
  return details;
}
