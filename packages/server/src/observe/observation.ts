import type { ModelStats, Stats } from "@voxpool/client/contract";
import { pathWithVersion, type VersionedModel } from "../base/versioned-path.ts";
import { createEventLog, type EventLog, type EventLogOptions } from "./event-log.ts";
import { Ledger, readLedgers } from "./ledger.ts";
import type { ObservedEvent, ObservedInstance } from "./observed.ts";
import { toldOf } from "./pool-events.ts";
import { createStatistics, type Statistics } from "./statistics.ts";

/** What is observed; the pool fits. */
export interface ObservedPool {
  list(): readonly ObservedInstance[];
  subscribe(listener: (event: ObservedEvent) => void): () => void;
}

export interface ObservationOptions extends EventLogOptions {
  readonly pool: ObservedPool;
  /** The work that decodes now and that waits for its turn. */
  readonly queue: () => { readonly running: number; readonly waiting: number; readonly waitingAudioSeconds: number };
  /** Seconds of a clock that never goes back. */
  readonly now?: () => number;
  /** How often the memory of the processes is looked at. */
  readonly sampleEveryMs?: number;
}

/** Everything that is known of what happened, and is happening, in a pool. */
export interface Observation {
  /** For whoever has more to count than the pool tells. */
  readonly statistics: Statistics;
  /** For whoever has more to tell. */
  readonly events: EventLog;
  /** @param includes the models that are told of; all if left out */
  stats(includes?: (model: VersionedModel) => boolean): Stats;
  /**
   * One version if the path that was asked for names it (`model/cn@1`), else all versions of its model together. Of a
   * model that has done nothing yet: zeros.
   * @param folder what the path means
   */
  modelStats(askedPath: string, folder: VersionedModel): ModelStats;
  close(): void;
}

export function createObservation(options: ObservationOptions): Observation {
  const { pool, queue, now = () => performance.now() / 1000, sampleEveryMs = 5000, ...log } = options;
  const { wallNow = () => Date.now() / 1000 } = log;
  const [startedAt, since] = [now(), wallNow()];
  const statistics = createStatistics({ now, wallNow, instances: () => pool.list() });
  const events = createEventLog({ ...log, wallNow });
  const unsubscribe = pool.subscribe((event) => {
    statistics.apply(event);
    const told = toldOf(event);
    if (told !== undefined) events.append(told);
  });
  const nothingOf = ({ modelPath, version }: VersionedModel): ModelStats => {
    const present = { model_path: modelPath, version, memory_bytes: 0, holds: 0, sessions: 0 };
    return readLedgers([new Ledger()], present, since, now());
  };
  const timer = setInterval(() => statistics.sample(), sampleEveryMs).unref();
  return {
    statistics,
    events,
    stats(includes) {
      const { running, waiting, waitingAudioSeconds } = queue();
      const { total, models } = statistics.read(includes);
      const work = { running, waiting, waiting_audio_seconds: waitingAudioSeconds, sessions: total.sessions };
      return { success: true, total, models, queue: work, uptime_seconds: now() - startedAt };
    },
    modelStats(askedPath, folder) {
      const exact = pathWithVersion(folder);
      const isVersion = askedPath.endsWith(`@${folder.version}`);
      return statistics.readModel(isVersion ? exact : folder.modelPath) ?? nothingOf(folder);
    },
    close() {
      clearInterval(timer);
      unsubscribe();
    },
  };
}
