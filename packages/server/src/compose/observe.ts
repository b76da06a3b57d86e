import { isLoaded } from "../api/models.ts";
import type { RecognitionOutcome } from "../api/types.ts";
import { namesFor } from "../api/view.ts";
import type { Reason } from "../base/errors.ts";
import { version } from "../base/version.ts";
import { pathWithoutVersion, pathWithVersion } from "../base/versioned-path.ts";
import type { HttpServerOptions } from "../gateway/http/server.ts";
import { watchEventLoop } from "../observe/event-loop.ts";
import { createMetrics } from "../observe/metrics.ts";
import { createNews, type News } from "../observe/news.ts";
import { createObservation, type Observation } from "../observe/observation.ts";
import type { Names } from "../pool/names.ts";
import type { Pool } from "../pool/types.ts";
import type { NodeScheduler } from "../schedule/scheduler.ts";
import type { Durable } from "./durable.ts";

interface Observed {
  readonly pool: Pool;
  readonly scheduler: NodeScheduler;
  readonly names: Names;
  /** Whether requests may be sent. */
  readonly ready: () => boolean;
}

/** Counts and tells what happens, and keeps of it what outlives the process. */
export function composeObservation({ durable, ...parts }: Observed & { readonly durable: Durable }) {
  const watch = observe(parts);
  const { statistics, events } = watch.observation;
  durable.follow(parts.pool, parts.names, statistics);
  const news = createNews(statistics, events);
  parts.names.subscribe((change) => {
    if (change.kind === "alias") news.aliasChanged(change.alias, change.target);
  });
  const onFailover: News["failedOver"] = (...failover) => news.failedOver(...failover);
  return { watch: { ...watch, told: { ...watch.told, onFailover } }, news };
}

/** What the HTTP interface tells of what happens. */
function observe({ pool, scheduler, names, ready }: Observed) {
  const observation = createObservation({ pool, queue: () => scheduler.snapshot() });
  const { statistics } = observation;
  const loop = watchEventLoop();
  const metrics = createMetrics({
    version,
    ready,
    loopLag: () => loop.lag(),
    loadedInstances: () => pool.list().filter(isLoaded).length,
    pool: { statistics, instances: () => pool.list(), queue: () => scheduler.snapshot() },
  });
  const http = { observed: observedBy(observation, names), metrics };
  const close = () => {
    loop.close();
    observation.close();
  };
  const onOutcome = (outcome: RecognitionOutcome): void => {
    statistics.recognition({ ...outcome.folder, ...outcome });
    metrics.recognition(outcome);
  };
  const onLive = (change: 1 | -1): void => metrics.live(change);
  const onLiveRefused = (reason: Reason): void => metrics.refused(reason);
  return { http, observation, loop, told: { onOutcome, onLive, onLiveRefused }, close };
}

/** Statistics and events, by the paths that callers write. */
function observedBy(observation: Observation, names: Names): HttpServerOptions["observed"] {
  return {
    events: observation.events,
    stats({ principal }) {
      const models = principal?.models;
      return observation.stats(models && ((model) => models.includes(model)));
    },
    async modelStats(path, viewer) {
      const folder = await namesFor(names, viewer.principal).resolve(path);
      return { success: true, model_path: folder.modelPath, stats: observation.modelStats(path, folder) };
    },
    async pathOf(path, viewer) {
      const folder = await namesFor(names, viewer.principal)
        .resolve(path)
        .catch(() => undefined);
      if (folder === undefined) return path;
      return path.endsWith(`@${folder.version}`) ? pathWithVersion(folder) : pathWithoutVersion(folder);
    },
  };
}
