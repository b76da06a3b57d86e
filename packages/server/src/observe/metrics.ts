import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type PoolSource, registerPoolMetrics } from "./pool-metrics.ts";

/** What the server counts; plain calls in, the Prometheus text out. */
export interface Metrics {
  /** One HTTP request that has ended; `route` is the pattern, never the path. */
  request(route: string, status: number, seconds: number): void;
  /** One recognition that was answered. */
  recognition(audioSeconds: number): void;
  /** The exposition text of this moment. */
  text(): Promise<string>;
  readonly contentType: string;
}

export interface MetricsOptions {
  /** Asked at each scrape. */
  readonly loadedInstances: () => number;
  readonly version: string;
  /** Whose instances and counts are shown, too. */
  readonly pool?: PoolSource;
}

/** Counts into a registry of its own, so that two servers in one process do not mix. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Histogram({
    name: "voxpool_http_request_seconds",
    help: "Time from the head of a request to the end of its answer.",
    labelNames: ["route", "status"],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120],
    registers,
  });
  const recognitions = new Counter({ name: "voxpool_recognitions_total", help: "Recordings recognised.", registers });
  const audio = new Counter({ name: "voxpool_audio_seconds_total", help: "Seconds of audio recognised.", registers });
  gauge(registry, "voxpool_loaded_instances", "Model instances that are loaded.", options.loadedInstances);
  gauge(registry, "process_resident_memory_bytes", "Resident memory of the server's own process.", () =>
    process.memoryUsage.rss(),
  );
  const info = new Gauge({
    name: "voxpool_info",
    help: "The version, as a label.",
    labelNames: ["version"],
    registers,
  });
  info.set({ version: options.version }, 1);
  const observers: Observers = new Map();
  const updatePool = options.pool && registerPoolMetrics(registry, options.pool);
  return {
    request: (route, status, seconds) => observerOf(observers, requests, route, status)(seconds),
    recognition(audioSeconds) {
      recognitions.inc();
      audio.inc(Math.max(0, audioSeconds));
    },
    text() {
      updatePool?.();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  registry.registerMetric(
    new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.set(read());
      },
    }),
  );
}

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
