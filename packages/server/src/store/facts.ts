import { numberOf, textOf } from "./rows.ts";
import type { Store } from "./store.ts";

/** What was measured of models. Each write resolves once it is kept. @throws VoxpoolError as `Store.write` does */
export interface Facts {
  /** Resident bytes by the real path of the directory: what the next load will need. */
  load(): Promise<ReadonlyMap<string, number>>;
  set(directory: string, residentBytes: number): Promise<void>;
}

/** The longest unmeasured make room. */
const mostKept = 10_000;

/** @param now Unix seconds */
export function createFacts(store: Store, now = () => Date.now() / 1000): Facts {
  return {
    async load() {
      const rows = await store.read(`SELECT * FROM facts ORDER BY at DESC LIMIT ${mostKept}`);
      return new Map(rows.map((row) => [textOf(row, "directory"), numberOf(row, "resident_bytes")]));
    },
    set: (directory, residentBytes) =>
      store.write(
        {
          sql: "INSERT OR REPLACE INTO facts (directory, resident_bytes, at) VALUES (?, ?, ?)",
          values: [directory, residentBytes, now()],
        },
        {
          sql: "DELETE FROM facts WHERE directory IN (SELECT directory FROM facts ORDER BY at DESC LIMIT -1 OFFSET ?)",
          values: [mostKept],
        },
      ),
  };
}
