import { textOf } from "./rows.ts";
import type { Store } from "./store.ts";

/** Names that stand for models. Each write resolves once it is kept. @throws VoxpoolError as `Store.write` does */
export interface Aliases {
  /** Targets (`model/cn`, `model/cn@2`) by alias. */
  load(): Promise<ReadonlyMap<string, string>>;
  set(alias: string, target: string): Promise<void>;
  remove(alias: string): Promise<void>;
}

export function createAliases(store: Store): Aliases {
  return {
    async load() {
      const rows = await store.read("SELECT alias, target FROM aliases ORDER BY alias");
      return new Map(rows.map((row) => [textOf(row, "alias"), textOf(row, "target")]));
    },
    set: (alias, target) =>
      store.write({
        sql: "INSERT INTO aliases VALUES (?, ?) ON CONFLICT DO UPDATE SET target = excluded.target",
        values: [alias, target],
      }),
    remove: (alias) => store.write({ sql: "DELETE FROM aliases WHERE alias = ?", values: [alias] }),
  };
}
