import type { Log } from "../base/log.ts";
import { type Aliases, createAliases } from "./aliases.ts";
import { type Counters, createCounters } from "./counters.ts";
import { createDefaults, type Defaults } from "./defaults.ts";
import { createFacts, type Facts } from "./facts.ts";
import { createKeyRecords, type KeyRecords } from "./keys.ts";
import { createPins, type Pins } from "./pins.ts";
import { createPoisonRecords, type PoisonRecords } from "./poison.ts";
import { createQuarantine, type Quarantine } from "./quarantine.ts";
import type { Store } from "./store.ts";

/** Everything durable, by what it is. */
export interface Records {
  readonly aliases: Aliases;
  readonly pins: Pins;
  readonly defaults: Defaults;
  readonly quarantine: Quarantine;
  readonly poison: PoisonRecords;
  readonly counters: Counters;
  readonly facts: Facts;
  readonly keys: KeyRecords;
}

/** What each part of the records had when they were read. */
export type InitialRecords = { readonly [Name in keyof Records]: Awaited<ReturnType<Records[Name]["load"]>> };

export function createRecords(store: Store, log: Log): Records {
  return {
    aliases: createAliases(store),
    pins: createPins(store),
    defaults: createDefaults(store),
    quarantine: createQuarantine(store),
    poison: createPoisonRecords(store),
    counters: createCounters({ store, log }),
    facts: createFacts(store),
    keys: createKeyRecords(store),
  };
}

/** Reads everything once: from then on the parts of the server work from memory and only write through. */
export async function loadRecords(records: Records): Promise<InitialRecords> {
  const [aliases, pins, defaults, quarantine, poison, counters, facts, keys] = await Promise.all([
    records.aliases.load(),
    records.pins.load(),
    records.defaults.load(),
    records.quarantine.load(),
    records.poison.load(),
    records.counters.load(),
    records.facts.load(),
    records.keys.load(),
  ]);
  return { aliases, pins, defaults, quarantine, poison, counters, facts, keys };
}
