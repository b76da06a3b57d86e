import { readdirSync } from "node:fs";
import { Counter, Gauge, type Registry } from "prom-client";
import type { LoopLag } from "./event-loop.ts";

export interface ProcessSource {
  readonly version: string;
  readonly loopLag: () => LoopLag;
}

/**
 * The server's own process in a registry, by the names that Prometheus' client libraries give. The processes of models
 * are not in these.
 */
export function registerProcessMetrics(registry: Registry, { version, loopLag }: ProcessSource): void {
  const registers = [registry];
  const info = new Gauge({
    name: "voxpool_build_info",
    help: "The versions of voxpool and of Node, as labels; always 1.",
    labelNames: ["version", "node_version"],
    registers,
  });
  info.set({ version, node_version: process.versions.node }, 1);
  const cpu = new Counter({
    name: "process_cpu_seconds_total",
    help: "Processor time of the server's own process.",
    registers: [],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  registry.registerMetric(cpu);
  const startSeconds = Date.now() / 1000 - process.uptime();
  gauge(registry, "process_start_time_seconds", "When the process began, Unix time.", () => startSeconds);
  gauge(registry, "process_resident_memory_bytes", "Resident memory of the server's own process.", () =>
    process.memoryUsage.rss(),
  );
  gauge(registry, "nodejs_heap_size_used_bytes", "Heap in use.", () => process.memoryUsage().heapUsed);
  if (openFiles() !== undefined) {
    gauge(registry, "process_open_fds", "Open file descriptors.", () => openFiles() ?? 0);
  }
  gauge(
    registry,
    "nodejs_eventloop_lag_p50_seconds",
    "Half of the event loop's turns came later.",
    () => loopLag().p50,
  );
  gauge(registry, "nodejs_eventloop_lag_p99_seconds", "One turn in a hundred came later.", () => loopLag().p99);
  gauge(
    registry,
    "nodejs_eventloop_lag_max_seconds",
    "The latest turn of the last 10 to 20 seconds.",
    () => loopLag().max,
  );
}

/** A gauge that is asked for its value when it is read. */
export function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  const shown = new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(read());
    },
  });
  registry.registerMetric(shown);
}

/** Of this process; undefined where the system does not list them. */
function openFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined;
  }
}
