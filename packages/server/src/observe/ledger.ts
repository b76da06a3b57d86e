import type { ModelStats, Reason, StatsWindow } from "@voxpool/client/contract";
import { catalogue } from "@voxpool/client/contract/catalogue";
import { type Static, Type } from "typebox";
import { MovingTally, type Recognised, StoredTally, Tally } from "./tally.ts";

/** What is counted by one at a time. */
export const counterNames = [
  "loads",
  "load_failures",
  "restarts",
  "recycles",
  "evictions",
  "failovers",
  "replays",
  "switches",
  "rollbacks",
] as const;
export type CounterName = (typeof counterNames)[number];
export type Counts = Readonly<Record<CounterName, number>>;

export const StoredLedger = Type.Object({
  counts: Type.Record(Type.String(), Type.Integer({ minimum: 0 })),
  errors: Type.Record(Type.String(), Type.Integer({ minimum: 0 })),
  cpu_seconds: Type.Number({ minimum: 0 }),
  peak_memory_bytes: Type.Integer({ minimum: 0 }),
  last_recognition_at: Type.Optional(Type.Number({ minimum: 0 })),
  life: StoredTally,
});
export type StoredLedger = Static<typeof StoredLedger>;

/** What a model has now, which its instances know and no ledger. */
export interface Present {
  readonly model_path?: string;
  readonly version?: string;
  readonly state?: string;
  readonly memory_bytes: number;
  readonly holds: number;
  readonly sessions: number;
}

/** The part of the statistics that costs nothing to read. */
export type Counted = Counts &
  Pick<ModelStats, "cpu_seconds" | "peak_memory_bytes" | "errors_by_reason"> & {
    readonly requests: number;
    readonly audio_seconds: number;
  };

/** The counts of one model version, or of all together. Its room is bounded. */
export class Ledger {
  readonly life = new Tally();
  readonly lastMinute = new MovingTally(5, 12);
  readonly last5Minutes = new MovingTally(30, 10);
  readonly lastHour = new MovingTally(300, 12);
  readonly #counts: Record<CounterName, number> = noCounts();
  readonly #errors = new Map<Reason, number>();
  cpuSeconds = 0;
  peakMemoryBytes = 0;
  /** Monotonic seconds. */
  lastUsed = 0;
  /** When the last recognition that succeeded ended, Unix seconds; 0 if there was none. */
  lastRecognitionAt = 0;

  /** @param wallNow Unix seconds */
  add(recognised: Recognised, now: number, wallNow: number): void {
    this.lastUsed = now;
    if (recognised.reason === undefined) this.lastRecognitionAt = wallNow;
    this.life.add(recognised);
    this.lastMinute.add(recognised, now);
    this.last5Minutes.add(recognised, now);
    this.lastHour.add(recognised, now);
    const { reason } = recognised;
    if (reason !== undefined) this.#errors.set(known(reason), (this.#errors.get(known(reason)) ?? 0) + 1);
  }

  count(name: CounterName): void {
    this.#counts[name]++;
  }

  counted(): Counted {
    return {
      ...this.#counts,
      requests: this.life.requests,
      audio_seconds: this.life.audioSeconds,
      errors_by_reason: Object.fromEntries(this.#errors),
      cpu_seconds: this.cpuSeconds,
      peak_memory_bytes: this.peakMemoryBytes,
    };
  }

  store(): StoredLedger {
    return {
      counts: { ...this.#counts },
      errors: Object.fromEntries(this.#errors),
      cpu_seconds: this.cpuSeconds,
      peak_memory_bytes: this.peakMemoryBytes,
      ...(this.lastRecognitionAt > 0 && { last_recognition_at: this.lastRecognitionAt }),
      life: this.life.store(),
    };
  }

  /** Adds what was stored; names that this version does not know are left out. */
  restore(stored: StoredLedger): void {
    for (const name of counterNames) this.#counts[name] += stored.counts[name] ?? 0;
    for (const [name, count] of Object.entries(stored.errors)) {
      const reason = known(name);
      this.#errors.set(reason, (this.#errors.get(reason) ?? 0) + count);
    }
    this.cpuSeconds += stored.cpu_seconds;
    this.peakMemoryBytes = Math.max(this.peakMemoryBytes, stored.peak_memory_bytes);
    this.lastRecognitionAt = Math.max(this.lastRecognitionAt, stored.last_recognition_at ?? 0);
    this.life.restore(stored.life);
  }
}

/** The statistics of these ledgers together: of one version, of all versions of a model, of everything. */
export function readLedgers(ledgers: readonly Ledger[], present: Present, since: number, now: number): ModelStats {
  const window = (pick: (ledger: Ledger) => MovingTally): StatsWindow => {
    const sum = new Tally();
    for (const ledger of ledgers) pick(ledger).addTo(sum, now);
    return sum.read();
  };
  const life = new Tally();
  for (const ledger of ledgers) life.merge(ledger.life);
  const all = addUp(ledgers.map((ledger) => ledger.counted()));
  const { requests: _requests, audio_seconds: _audioSeconds, ...counts } = all;
  const lastAt = Math.max(0, ...ledgers.map(({ lastRecognitionAt }) => lastRecognitionAt));
  return {
    ...present,
    ...counts,
    ...(lastAt > 0 && { last_recognition_at: lastAt }),
    peak_memory_bytes: Math.max(all.peak_memory_bytes, present.memory_bytes),
    last_minute: window((ledger) => ledger.lastMinute),
    last_5_minutes: window((ledger) => ledger.last5Minutes),
    last_hour: window((ledger) => ledger.lastHour),
    life: life.read(),
    since,
  };
}

function addUp(parts: readonly Counted[]): Counted {
  const counts = noCounts();
  const errors: Record<string, number> = {};
  let [requests, audioSeconds, cpuSeconds, peakMemoryBytes] = [0, 0, 0, 0];
  for (const part of parts) {
    for (const name of counterNames) counts[name] += part[name];
    for (const [reason, count] of Object.entries(part.errors_by_reason)) errors[reason] = (errors[reason] ?? 0) + count;
    requests += part.requests;
    audioSeconds += part.audio_seconds;
    cpuSeconds += part.cpu_seconds;
    peakMemoryBytes = Math.max(peakMemoryBytes, part.peak_memory_bytes);
  }
  return {
    ...counts,
    requests,
    audio_seconds: audioSeconds,
    errors_by_reason: errors,
    cpu_seconds: cpuSeconds,
    peak_memory_bytes: peakMemoryBytes,
  };
}

function noCounts(): Record<CounterName, number> {
  return Object.fromEntries(counterNames.map((name) => [name, 0])) as Record<CounterName, number>;
}

/** A name of the catalogue: what else something calls its reason is trouble of our own. */
function known(reason: string): Reason {
  return Object.hasOwn(catalogue, reason) ? (reason as Reason) : "internal";
}
