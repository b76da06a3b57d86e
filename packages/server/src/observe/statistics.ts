import type { ModelStats } from "@voxpool/client/contract";
import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import { pathWithoutVersion, pathWithVersion, type VersionedModel } from "../base/versioned-path.ts";
import { type Counted, type CounterName, Ledger, type Present, readLedgers, StoredLedger } from "./ledger.ts";
import type { ObservedEvent, ObservedInstance } from "./observed.ts";
import { ProcessTimes } from "./processes.ts";
import type { Recognised } from "./tally.ts";

/** A recognition that ended, and the model version that it was for; a part counts for that alone. */
export type Recognition = VersionedModel & Recognised & { readonly isPart?: true };

/** What outlives a restart; a JSON value. */
export const Lifetime = Type.Object({
  /** When counting began, Unix seconds. */
  since: Type.Number({ minimum: 0 }),
  total: StoredLedger,
  models: Type.Array(Type.Object({ model_path: Type.String(), version: Type.String(), ledger: StoredLedger })),
});
export type Lifetime = Static<typeof Lifetime>;

export interface StatisticsOptions {
  /** Seconds of a clock that never goes back: what the windows move by. */
  readonly now?: () => number;
  /** Unix seconds. */
  readonly wallNow?: () => number;
  /** The instances there are. */
  readonly instances?: () => readonly ObservedInstance[];
  /** Models that are remembered; of those that were not used for longest, only the total keeps the counts. */
  readonly mostModels?: number;
}

/** Counts what models do. Each count goes to its model version and to the total. */
export interface Statistics {
  /** A recognition ended, well or not. Cheap: it is called for each one. */
  recognition(recognition: Recognition): void;
  /** A request for this model was served by another one. */
  failover(model: VersionedModel): void;
  /** A recognition was done again after its process ended. */
  replay(model: VersionedModel): void;
  /** This version took over. */
  switched(model: VersionedModel): void;
  /** This version was taken back. */
  rolledBack(model: VersionedModel): void;
  /** Something happened in the pool. */
  apply(event: ObservedEvent): void;
  /** Looks at what the processes use. To be called now and then: a peak between two looks is not seen. */
  sample(): void;
  /** All models by path and version (`model/cn@1`), and the total; or some of them, and their total. */
  read(includes?: (model: VersionedModel) => boolean): {
    readonly total: ModelStats;
    readonly models: Record<string, ModelStats>;
  };
  /** One version (`model/cn@1`), or all versions of a model (`model/cn`); undefined if nothing is known of it. */
  readModel(path: string): ModelStats | undefined;
  /** The counts without the windows, for whoever asks often. */
  counted(): {
    readonly total: Counted & Present;
    readonly models: readonly { readonly model: VersionedModel; readonly counted: Counted & Present }[];
  };
  /** What should outlive a restart. */
  lifetime(): Lifetime;
  /** Adds what an earlier server left, once; false if it cannot be read. */
  restore(lifetime: unknown): boolean;
}

interface Entry {
  /** Its path has no version. */
  readonly model: VersionedModel;
  readonly ledger: Ledger;
}

const monotonicSeconds = (): number => performance.now() / 1000;
const unixSeconds = (): number => Date.now() / 1000;

/** Counts from nothing. */
export function createStatistics(options: StatisticsOptions = {}): Statistics {
  return new ModelStatistics(options);
}

class ModelStatistics implements Statistics {
  readonly #now: () => number;
  readonly #wallNow: () => number;
  readonly #instances: () => readonly ObservedInstance[];
  readonly #mostModels: number;
  readonly #total = new Ledger();
  /** By path and version. */
  readonly #entries = new Map<string, Entry>();
  readonly #times = new ProcessTimes();
  #since: number;

  constructor({ now = monotonicSeconds, wallNow = unixSeconds, instances, mostModels = 128 }: StatisticsOptions) {
    this.#now = now;
    this.#wallNow = wallNow;
    this.#instances = instances ?? (() => []);
    this.#mostModels = mostModels;
    this.#since = wallNow();
  }

  recognition(recognition: Recognition): void {
    const [at, wallAt] = [this.#now(), this.#wallNow()];
    this.#entryOf(recognition).ledger.add(recognition, at, wallAt);
    if (recognition.isPart !== true) this.#total.add(recognition, at, wallAt);
  }

  failover(model: VersionedModel): void {
    this.#count(model, "failovers");
  }

  replay(model: VersionedModel): void {
    this.#count(model, "replays");
  }

  switched(model: VersionedModel): void {
    this.#count(model, "switches");
  }

  rolledBack(model: VersionedModel): void {
    this.#count(model, "rollbacks");
  }

  apply(event: ObservedEvent): void {
    if (!("instance" in event)) return;
    this.#look(event.instance);
    const counter = counterOf(event);
    if (counter !== undefined) this.#count(event.instance.folder, counter);
  }

  sample(): void {
    this.#present();
  }

  read(includes?: (model: VersionedModel) => boolean): ReturnType<Statistics["read"]> {
    const { byModel, all } = this.#present();
    const shown = [...this.#entries].filter(([, { model }]) => includes?.(model) ?? true);
    const models = shown.map(([key, entry]) => [key, this.#readOne(entry, byModel.get(key))] as const);
    const total = includes ? this.#totalOf(shown, includes) : readLedgers([this.#total], all, this.#since, this.#now());
    return { total, models: Object.fromEntries(models) };
  }

  readModel(path: string): ModelStats | undefined {
    const { byModel } = this.#present();
    const exact = this.#entries.get(path);
    if (exact !== undefined) return this.#readOne(exact, byModel.get(path));
    const versions = Array.from(this.#entries.values()).filter(({ model }) => model.modelPath === path);
    const [first] = versions;
    if (first === undefined) return undefined;
    const name = versions.length === 1 ? nameOf(first.model) : { model_path: path };
    const present = presentOf(this.#instances().filter(({ folder }) => pathWithoutVersion(folder) === path));
    const ledgers = versions.map(({ ledger }) => ledger);
    return readLedgers(ledgers, { ...name, ...present }, this.#since, this.#now());
  }

  counted(): ReturnType<Statistics["counted"]> {
    const { byModel, all } = this.#present();
    const models = Array.from(this.#entries, ([key, { model, ledger }]) => {
      return { model, counted: { ...(byModel.get(key) ?? nothing), ...ledger.counted() } };
    });
    return { total: { ...all, ...this.#total.counted() }, models };
  }

  lifetime(): Lifetime {
    this.#present();
    const models = Array.from(this.#entries.values(), ({ model, ledger }) => {
      return { ...nameOf(model), ledger: ledger.store() };
    });
    return { since: this.#since, total: this.#total.store(), models };
  }

  restore(lifetime: unknown): boolean {
    if (!Value.Check(Lifetime, lifetime)) return false;
    this.#since = Math.min(this.#since, lifetime.since);
    this.#total.restore(lifetime.total);
    for (const { model_path: modelPath, version, ledger } of lifetime.models.slice(-this.#mostModels)) {
      this.#entryOf({ modelPath, version }).ledger.restore(ledger);
    }
    return true;
  }

  #entryOf(model: VersionedModel): Entry {
    const key = pathWithVersion(model);
    const found = this.#entries.get(key);
    if (found !== undefined) return found;
    if (this.#entries.size >= this.#mostModels) this.#entries.delete(leastRecentlyUsed(this.#entries));
    const entry = { model: { modelPath: pathWithoutVersion(model), version: model.version }, ledger: new Ledger() };
    entry.ledger.lastUsed = this.#now();
    this.#entries.set(key, entry);
    return entry;
  }

  #count(model: VersionedModel, name: CounterName): void {
    const { ledger } = this.#entryOf(model);
    ledger.lastUsed = this.#now();
    ledger.count(name);
    this.#total.count(name);
  }

  #look(instance: ObservedInstance): void {
    const cpuSeconds = this.#times.look(instance);
    this.#entryOf(instance.folder).ledger.cpuSeconds += cpuSeconds;
    this.#total.cpuSeconds += cpuSeconds;
  }

  /** What there is by model version, and all together; peaks and processor time are counted on the way. */
  #present(): { readonly byModel: ReadonlyMap<string, Present>; readonly all: Present } {
    const instances = this.#instances();
    for (const instance of instances) this.#look(instance);
    const groups = Map.groupBy(instances, ({ folder }) => pathWithVersion(folder));
    const byModel = new Map(Array.from(groups, ([key, group]) => [key, presentOf(group)]));
    for (const [key, { memory_bytes: bytes }] of byModel) raisePeak(this.#entries.get(key)?.ledger, bytes);
    const { state: _ofOne, ...all } = presentOf(instances);
    raisePeak(this.#total, all.memory_bytes);
    return { byModel, all };
  }

  #totalOf(entries: readonly (readonly [string, Entry])[], includes: (model: VersionedModel) => boolean): ModelStats {
    const { state: _ofOne, ...all } = presentOf(this.#instances().filter(({ folder }) => includes(folder)));
    const ledgers = entries.map(([, { ledger }]) => ledger);
    return readLedgers(ledgers, all, this.#since, this.#now());
  }

  #readOne({ model, ledger }: Entry, present: Present = nothing): ModelStats {
    return readLedgers([ledger], { ...nameOf(model), ...present }, this.#since, this.#now());
  }
}

function raisePeak(ledger: Ledger | undefined, bytes: number): void {
  if (ledger !== undefined) ledger.peakMemoryBytes = Math.max(ledger.peakMemoryBytes, bytes);
}

const nothing: Present = { memory_bytes: 0, holds: 0, sessions: 0 };

const nameOf = ({ modelPath, version }: VersionedModel) => ({ model_path: modelPath, version });

/** What an event of an instance counts as, if anything. */
function counterOf(event: Extract<ObservedEvent, { instance: unknown }>): CounterName | undefined {
  switch (event.type) {
    case "state":
      return loadCounter(event.instance.state, event.previous);
    case "unloading":
      return event.cause === "evicted" ? "evictions" : undefined;
    case "crashed":
      return event.draining === true ? undefined : "restarts"; // nothing is started in its place
    case "replaced":
      return event.cause === "memory" ? "recycles" : undefined;
  }
}

/** A process that becomes usable was loaded; a first one that fails before it was ready was not. What failed later kept ending. */
function loadCounter(state: string, previous: string | undefined): CounterName | undefined {
  if (state === "ready" && previous !== "ready") return "loads";
  return state === "failed" && (previous === "loading" || previous === "warming") ? "load_failures" : undefined;
}

/** What these instances have together; the state is that of the one that serves, else of the last. */
function presentOf(instances: readonly ObservedInstance[]): Present {
  const alive = instances.filter(({ state }) => state !== "failed" && state !== "stopped");
  const serving = instances.find(({ state }) => state === "ready") ?? instances.at(-1);
  const sum = (value: (instance: ObservedInstance) => number): number =>
    alive.reduce((all, instance) => all + value(instance), 0);
  return {
    ...(serving !== undefined && { state: serving.state }),
    memory_bytes: sum(({ memoryBytes }) => memoryBytes),
    holds: sum(({ holds = [] }) => holds.reduce((all, { count }) => all + count, 0)),
    sessions: sum(({ sessions = 0 }) => sessions),
  };
}

function leastRecentlyUsed(entries: ReadonlyMap<string, Entry>): string {
  let oldest = "";
  let oldestUse = Number.POSITIVE_INFINITY;
  for (const [key, { ledger }] of entries) {
    if (ledger.lastUsed >= oldestUse) continue;
    oldestUse = ledger.lastUsed;
    oldest = key;
  }
  return oldest;
}
