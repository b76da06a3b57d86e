import type { ModelFolder } from "../../dist/catalog/catalog.js";
import type { Claimant } from "../../dist/pool/types.js";

/** Something that was asked of the pool and is not answered yet. */
export interface Operation {
  readonly kind: "load" | "lease" | "reload" | "unload";
  readonly folder: ModelFolder;
  readonly claimant?: Claimant | undefined;
  readonly leaseSeconds?: number | undefined;
  readonly controller: AbortController;
  /** Its hold is there. */
  held: boolean;
  /** Somebody who may do so ended what it waits for. */
  mayBeCancelled: boolean;
  /** Other models were there while it waited. */
  hadOthers: boolean;
}

/** Without the keys that have no value. */
export function known<T extends object>(wish: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
