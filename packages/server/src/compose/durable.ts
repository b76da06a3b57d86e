import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { ModelSpec } from "../engine/engine.ts";
import type { Statistics } from "../observe/statistics.ts";
import type { Names, NamesOptions } from "../pool/names.ts";
import type { PoolOptions } from "../pool/pool.ts";
import type { Pool } from "../pool/types.ts";
import { createPoisonMemory, type PoisonMemory } from "../recognition/poison.ts";
import { createRecords, type InitialRecords, loadRecords, type Records } from "../store/records.ts";
import { openStore, type Store } from "../store/store.ts";
import { Decisions } from "./decisions.ts";
import { Measured } from "./measured.ts";

/** What outlives the process: read once when it starts, and written as it changes. */
export interface Durable {
  readonly pool: Pick<PoolOptions, "pinned" | "quarantines">;
  readonly names: Pick<NamesOptions, "aliases" | "versions">;
  readonly records: Records;
  readonly initial: InitialRecords;
  /** What a model will take once it is loaded: as measured before, else as `estimate` says. Bytes. */
  estimateBytes(estimate: PoolOptions["estimateBytes"]): PoolOptions["estimateBytes"];
  /** Remembers recordings that end processes, those of earlier lives too. */
  poison(): PoisonMemory;
  /** Keeps from now on what happens. */
  follow(pool: Pool, names: Names, statistics: Statistics): void;
  /** Resolves when the aliases, versions and pins that were changed are written. @throws VoxpoolError `state_unwritable` */
  kept(): Promise<void>;
  /** Resolves when what is kept has been asked, and has answered. @throws VoxpoolError of the store */
  answers(): Promise<void>;
  /** Writes a copy of all that is kept into a file that is not there yet. @throws VoxpoolError `state_unwritable`, `disk_full` */
  backUp(file: string): Promise<void>;
  /** Writes what is not written yet. */
  close(): Promise<void>;
}

/** @param file undefined: nothing outlives the process */
export async function openDurable(file: string | undefined, log: Log): Promise<Durable> {
  const store = await openStore({ ...(file !== undefined && { file }), log });
  const records = createRecords(store, log);
  const initial = await loadRecords(records);
  return new Keeper({ store, records, initial, log, decisions: new Decisions(file ?? "", log) });
}

const lifetimeKey = "all";
const writeEveryMs = 5000;

interface KeeperParts {
  readonly store: Store;
  readonly records: Records;
  readonly initial: InitialRecords;
  readonly log: Log;
  readonly decisions: Decisions;
}

class Keeper implements Durable {
  readonly records: Records;
  readonly initial: InitialRecords;
  readonly #store: Store;
  readonly #log: Log;
  readonly #measured: Measured;
  /** Of what callers are told that it is so. */
  readonly #decisions: Decisions;
  #statistics: Statistics | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ends: (() => void)[] = [];

  constructor({ store, records, initial, log, decisions }: KeeperParts) {
    this.#store = store;
    this.#decisions = decisions;
    this.records = records;
    this.initial = initial;
    this.#log = log;
    this.#measured = new Measured(initial.facts);
  }

  get pool() {
    const quarantines = [...this.initial.quarantine].map(([directory, { reason, details, ...kept }]) => {
      const error = VoxpoolError.fromWire({ reason: reason as VoxpoolError["reason"], details });
      return [directory, { ...kept, error }] as const;
    });
    return { pinned: this.initial.pins, quarantines };
  }

  get names() {
    const versions = [...this.initial.defaults].map(([model, { version }]) => [model, version] as const);
    return { aliases: this.initial.aliases, versions };
  }

  estimateBytes(estimate: PoolOptions["estimateBytes"]): PoolOptions["estimateBytes"] {
    return (folder: ModelFolder, spec: ModelSpec) => this.#measured.of(folder.directory) ?? estimate(folder, spec);
  }

  poison(): PoisonMemory {
    return createPoisonMemory({
      initial: this.initial.poison,
      onAdd: (mark) => this.#keep(this.records.poison.add({ ...mark, at: Date.now() / 1000 })),
    });
  }

  follow(pool: Pool, names: Names, statistics: Statistics): void {
    this.#statistics = statistics;
    const lifetime = this.initial.counters.get(lifetimeKey);
    if (lifetime !== undefined && !statistics.restore(lifetime)) {
      this.#log.warn({}, "The lifetime counters could not be read; counting begins anew");
    }
    this.#ends = [this.#followPool(pool), this.#followNames(names)];
    this.#timer = setInterval(() => this.#count(pool), writeEveryMs).unref();
  }

  kept(): Promise<void> {
    return this.#decisions.kept();
  }

  async answers(): Promise<void> {
    await this.#store.read("SELECT 1");
  }

  async backUp(file: string): Promise<void> {
    if (this.#statistics) this.records.counters.put(lifetimeKey, this.#statistics.lifetime());
    await this.records.counters.flush();
    await this.#store.backUp(file);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const end of this.#ends) end();
    if (this.#statistics) this.records.counters.put(lifetimeKey, this.#statistics.lifetime());
    await this.records.counters.close();
    await this.#decisions.tryAgain();
    await this.#store.close();
  }

  #followPool(pool: Pool): () => void {
    return pool.subscribe((event) => {
      const { pins, quarantine } = this.records;
      if (event.type === "pin") {
        const { pinned, folder } = event;
        this.#decisions.add(`pin:${folder.directory}`, () => pins.set(folder.directory, pinned));
      }
      if (event.type === "released") this.#keep(quarantine.remove(event.folder.directory));
      if (event.type !== "quarantined") return;
      const { error, failures, until, files } = event.quarantine;
      const { reason, details } = error;
      this.#keep(quarantine.set(event.folder.directory, { reason, details, failures, until, files }));
    });
  }

  #followNames(names: Names): () => void {
    return names.subscribe((change) => {
      const { aliases, defaults } = this.records;
      if (change.kind === "alias") {
        const { alias, target } = change;
        const write = () => (target === undefined ? aliases.remove(alias) : aliases.set(alias, target));
        this.#decisions.add(`alias:${alias}`, write);
      } else {
        const { modelPath, version } = change;
        const at = Date.now() / 1000;
        const write = () =>
          version === undefined ? defaults.remove(modelPath) : defaults.set(modelPath, { version, at });
        this.#decisions.add(`version:${modelPath}`, write);
      }
    });
  }

  #count(pool: Pool): void {
    if (this.#statistics) this.records.counters.put(lifetimeKey, this.#statistics.lifetime());
    void this.#decisions.tryAgain();
    for (const instance of pool.list()) {
      const bytes = this.#measured.look(instance);
      if (bytes !== undefined) this.#keep(this.records.facts.set(instance.folder.directory, bytes));
    }
  }

  /** What cannot be written is told; the server goes on. */
  #keep(writing: Promise<void>): void {
    writing.catch((error: unknown) => {
      const { reason, message } = VoxpoolError.from(error);
      this.#log.error({ reason, detail: message }, "A change could not be kept and will be gone after a restart");
    });
  }
}
