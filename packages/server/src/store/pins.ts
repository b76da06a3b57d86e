import { textOf } from "./rows.ts";
import type { Store } from "./store.ts";

/** Models that stay loaded. Each write resolves once it is kept. @throws VoxpoolError as `Store.write` does */
export interface Pins {
  /** Real paths of model directories. */
  load(): Promise<ReadonlySet<string>>;
  set(directory: string, isPinned: boolean): Promise<void>;
}

export function createPins(store: Store): Pins {
  return {
    async load() {
      const rows = await store.read("SELECT directory FROM pins ORDER BY directory");
      return new Set(rows.map((row) => textOf(row, "directory")));
    },
    set: (directory, isPinned) =>
      store.write({
        sql: isPinned ? "INSERT INTO pins VALUES (?) ON CONFLICT DO NOTHING" : "DELETE FROM pins WHERE directory = ?",
        values: [directory],
      }),
  };
}
