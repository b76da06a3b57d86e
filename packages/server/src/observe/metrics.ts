import { Counter, Histogram, Registry } from "prom-client";
import type { LoopLag } from "./event-loop.ts";
import { type PoolSource, registerPoolMetrics } from "./pool-metrics.ts";
import { gauge, registerProcessMetrics } from "./process-metrics.ts";
import { type RecognitionMetrics, registerRecognitionMetrics } from "./recognition-metrics.ts";

/** What the server counts; plain calls in, the Prometheus text out. */
export interface Metrics extends RecognitionMetrics {
  /** One HTTP request that has ended; `route` is the pattern, never the path. */
  request(route: string, status: number, seconds: number): void;
  /** Something was refused by a limit of one visitor, or of all; the setting that it comes from. */
  readonly limited: (setting: string) => void;
  /** The exposition text of this moment. */
  text(): Promise<string>;
  readonly contentType: string;
}

export interface MetricsOptions {
  /** Asked at each scrape. */
  readonly loadedInstances: () => number;
  readonly version: string;
  /** Whether requests may be sent; true if it is left out. */
  readonly ready?: () => boolean;
  /** Whose instances and counts are shown, too. */
  readonly pool?: PoolSource;
  /** How late the event loop is; not at all if it is left out. */
  readonly loopLag?: () => LoopLag;
}

/** Counts into a registry of its own, so that two servers in one process do not mix. */
export function createMetrics(options: MetricsOptions): Metrics {
  const { version, loadedInstances, ready = () => true, pool, loopLag = () => noLag } = options;
  const registry = new Registry();
  const requests = new Histogram({
    name: "voxpool_http_request_seconds",
    help: "Time from the head of a request to the end of its answer.",
    labelNames: ["route", "status"],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120],
    registers: [registry],
  });
  const limited = limitCounter(registry);
  const recognitions = registerRecognitionMetrics(registry);
  gauge(registry, "voxpool_loaded_instances", "Model instances that are loaded.", loadedInstances);
  gauge(registry, "voxpool_ready", "1 if requests may be sent, as GET /readyz says.", () => (ready() ? 1 : 0));
  registerProcessMetrics(registry, { version, loopLag });
  const observers: Observers = new Map();
  const updatePool = pool && registerPoolMetrics(registry, pool);
  return {
    request: (route, status, seconds) => observerOf(observers, requests, route, status)(seconds),
    limited: (setting) => limited.inc({ setting }),
    ...recognitions,
    text() {
      updatePool?.();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** Settings that refuse without a recognition; those of recognitions are among the refusals of the admission. */
const counted = [
  "limits.requests_per_minute_per_key",
  "limits.requests_per_minute_per_address",
  "limits.concurrent_requests_per_key",
  "limits.concurrent_requests_per_address",
  "limits.connections_per_address",
  "limits.connections",
];

function limitCounter(registry: Registry): Counter<"setting"> {
  const counter = new Counter({
    name: "voxpool_limited_total",
    help: "Requests and connections that a limit of requests or connections has refused, by its setting.",
    labelNames: ["setting"],
    registers: [registry],
  });
  for (const setting of counted) counter.inc({ setting }, 0);
  return counter;
}

const noLag: LoopLag = { p50: 0, p99: 0, max: 0 };

type Observers = Map<string, Map<number, (seconds: number) => void>>;

/** The observer of a pair of labels, made once: looking labels up is the costly part of a histogram. */
function observerOf(
  observers: Observers,
  histogram: Histogram<"route" | "status">,
  route: string,
  status: number,
): (seconds: number) => void {
  const byStatus = observers.get(route) ?? new Map<number, (seconds: number) => void>();
  observers.set(route, byStatus);
  const known = byStatus.get(status);
  if (known !== undefined) return known;
  const child = histogram.labels(route, String(status));
  const observe = (seconds: number): void => child.observe(seconds);
  byStatus.set(status, observe);
  return observe;
}
