import { numberOf, textOf } from "./rows.ts";
import type { Store } from "./store.ts";

/** A version that a switch has chosen. */
export interface ChosenVersion {
  readonly version: string;
  /** Unix seconds. */
  readonly at: number;
}

/** Versions that switches have chosen. Each write resolves once it is kept. @throws VoxpoolError as `Store.write` does */
export interface Defaults {
  /** By model. */
  load(): Promise<ReadonlyMap<string, ChosenVersion>>;
  set(model: string, chosen: ChosenVersion): Promise<void>;
  /** The newest version is the default again. */
  remove(model: string): Promise<void>;
}

export function createDefaults(store: Store): Defaults {
  return {
    async load() {
      const rows = await store.read("SELECT model, version, at FROM defaults ORDER BY model");
      return new Map(
        rows.map((row) => [textOf(row, "model"), { version: textOf(row, "version"), at: numberOf(row, "at") }]),
      );
    },
    set: (model, { version, at }) =>
      store.write({
        sql: "INSERT INTO defaults VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version, at = excluded.at",
        values: [model, version, at],
      }),
    remove: (model) => store.write({ sql: "DELETE FROM defaults WHERE model = ?", values: [model] }),
  };
}
