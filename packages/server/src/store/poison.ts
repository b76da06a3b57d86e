import { numberOf, textOf } from "./rows.ts";
import type { Store } from "./store.ts";

/** Audio that ended the process of a model; known by its digest, so no audio is kept. */
export interface Poison {
  /** Real path of the model directory. */
  readonly directory: string;
  /** What tells its files apart from changed ones: `Catalog.fingerprint`. */
  readonly files: string;
  readonly samples: number;
  /** Hexadecimal. */
  readonly digest: string;
  /** Unix seconds. */
  readonly at: number;
}

/** Remembered poison. Each write resolves once it is kept. @throws VoxpoolError as `Store.write` does */
export interface PoisonRecords {
  /** Newest first; what is too old is left out. */
  load(): Promise<readonly Poison[]>;
  add(poison: Poison): Promise<void>;
}

/** The oldest make room for the newest. */
const mostKept = 1000;
/** Engines, drivers and machines change; then it is worth another try. */
const keptSeconds = 30 * 24 * 60 * 60;

/** @param now Unix seconds */
export function createPoisonRecords(store: Store, now = () => Date.now() / 1000): PoisonRecords {
  const since = () => now() - keptSeconds;
  return {
    async load() {
      const rows = await store.read("SELECT * FROM poison WHERE at >= ? ORDER BY at DESC LIMIT ?", since(), mostKept);
      return rows.map((row) => ({
        directory: textOf(row, "directory"),
        files: textOf(row, "files"),
        samples: numberOf(row, "samples"),
        digest: textOf(row, "digest"),
        at: numberOf(row, "at"),
      }));
    },
    add: ({ directory, files, samples, digest, at }) =>
      store.write(
        {
          sql: "INSERT OR REPLACE INTO poison (directory, files, samples, digest, at) VALUES (?, ?, ?, ?, ?)",
          values: [directory, files, samples, digest, at],
        },
        { sql: "DELETE FROM poison WHERE at < ?", values: [since()] },
        {
          sql: "DELETE FROM poison WHERE rowid IN (SELECT rowid FROM poison ORDER BY at DESC LIMIT -1 OFFSET ?)",
          values: [mostKept],
        },
      ),
  };
}
