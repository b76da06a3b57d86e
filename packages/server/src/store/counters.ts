import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { objectOf, textOf } from "./rows.ts";
import type { Statement, Store } from "./store.ts";

/** Counts of a model's whole life, as JSON. */
export type Counts = Readonly<Record<string, unknown>>;

/**
 * Lifetime counters. They change with every request, so they are written all together every few seconds: kill -9
 * costs what was counted since, and nothing else.
 */
export interface Counters {
  /** By model path. */
  load(): Promise<ReadonlyMap<string, Counts>>;
  /** Takes the counts as they are now; those that did not change are not written again. Never fails: what cannot be written is logged and tried again. */
  put(modelPath: string, counts: Counts): void;
  /** Writes what is not written yet. */
  flush(): Promise<void>;
  /** Writes for the last time. Safe to call twice. */
  close(): Promise<void>;
}

export interface CountersOptions {
  readonly store: Store;
  readonly log: Log;
  /** How long counts wait to be written. */
  readonly writeAfterMs?: number;
}

const defaultWriteAfterMs = 5000;
/** Models that are gone count no more: the longest unused make room. */
const mostKept = 10_000;

export function createCounters({ store, log, writeAfterMs = defaultWriteAfterMs }: CountersOptions): Counters {
  const changed = new Map<string, string>();
  /** As they are written, or just being written. */
  const kept = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const schedule = () => {
    // It does not keep the process alive: what ends regularly flushes.
    if (!closed) timer ??= setTimeout(() => void flush(), writeAfterMs).unref();
  };
  const flush = async () => {
    clearTimeout(timer);
    timer = undefined;
    if (changed.size === 0) return;
    const written = [...changed];
    changed.clear();
    for (const [modelPath, counts] of written) kept.set(modelPath, counts);
    try {
      await store.write(...written.map(upsert), prune);
    } catch (error) {
      const { reason, message } = VoxpoolError.from(error);
      log.warn({ reason, detail: message }, "the lifetime counters could not be written");
      for (const [modelPath, counts] of written) {
        kept.delete(modelPath);
        if (!changed.has(modelPath)) changed.set(modelPath, counts);
      }
      schedule();
    }
  };
  return {
    async load() {
      const rows = await store.read(`SELECT * FROM counters ORDER BY at DESC LIMIT ${mostKept}`);
      return new Map(rows.map((row) => [textOf(row, "model_path"), objectOf(row, "counts") ?? {}]));
    },
    put(modelPath, counts) {
      if (closed) return;
      const text = JSON.stringify(counts);
      if (!changed.has(modelPath) && kept.get(modelPath) === text) return; // of a server that has nothing to do
      changed.set(modelPath, text);
      schedule();
    },
    flush,
    async close() {
      closed = true;
      await flush();
    },
  };
}

const upsert = ([modelPath, counts]: readonly [string, string]): Statement => ({
  sql: "INSERT OR REPLACE INTO counters (model_path, counts, at) VALUES (?, ?, ?)",
  values: [modelPath, counts, Date.now() / 1000],
});

const prune: Statement = {
  sql: "DELETE FROM counters WHERE model_path IN (SELECT model_path FROM counters ORDER BY at DESC LIMIT -1 OFFSET ?)",
  values: [mostKept],
};
