import { InstanceState } from "@voxpool/client/contract";
import { Counter, Gauge, type Registry } from "prom-client";
import { type Counted, type CounterName, counterNames, type Present } from "./ledger.ts";
import type { ObservedInstance } from "./observed.ts";
import { gauge } from "./process-metrics.ts";
import type { Statistics } from "./statistics.ts";

/** Where the numbers of the pool come from. */
export interface PoolSource {
  readonly statistics: Pick<Statistics, "counted">;
  readonly instances: () => readonly Pick<ObservedInstance, "state">[];
  /** The work that decodes now and that waits for its turn. */
  readonly queue: () => { readonly running: number; readonly waiting: number; readonly waitingAudioSeconds: number };
}

const states: readonly string[] = InstanceState.anyOf.map((state) => state.const);

const counterHelp: Readonly<Record<CounterName, string>> = {
  loads: "Times that a model became usable.",
  load_failures: "Loads that failed.",
  restarts: "Processes that ended by themselves and were started again.",
  recycles: "Processes that were replaced since they had outgrown their memory.",
  evictions: "Models that were unloaded to make room.",
  failovers: "Requests that another model served.",
  replays: "Recognitions that were done again after their process ended.",
  switches: "Versions that took over.",
  rollbacks: "Versions that were taken back.",
};

/**
 * The pool's numbers in a registry. Labels are bounded: states, reasons of the catalogue, and the models that the
 * statistics remember.
 * @returns the function that brings them up to date, to be called before the registry is read
 */
export function registerPoolMetrics(registry: Registry, { statistics, instances, queue }: PoolSource): () => void {
  const registers = [registry];
  const byState = new Gauge({
    name: "voxpool_instances",
    help: "Model instances by state.",
    labelNames: ["state"],
    registers,
  });
  gauge(registry, "voxpool_decodes_running", "Decodes that run now.", () => queue().running);
  gauge(registry, "voxpool_decodes_waiting", "Decodes that wait for their turn.", () => queue().waiting);
  gauge(registry, "voxpool_queue_audio_seconds", "Seconds of audio that wait for their turn.", () => {
    return queue().waitingAudioSeconds;
  });
  const showTotal = registerTotal(registry);
  const showModels = registerModels(registry);
  return () => {
    byState.reset();
    for (const state of states) byState.set({ state }, 0);
    for (const { state } of instances()) byState.inc({ state });
    const { total, models } = statistics.counted();
    showTotal(total);
    showModels(models);
  };
}

function registerTotal(registry: Registry): (total: Counted & Present) => void {
  const registers = [registry];
  const counters = counterNames.map((name) => {
    return [name, new Counter({ name: `voxpool_${name}_total`, help: counterHelp[name], registers })] as const;
  });
  const errors = new Counter({
    name: "voxpool_recognition_errors_total",
    help: "Recognitions that failed, by reason.",
    labelNames: ["reason"],
    registers,
  });
  const holds = new Gauge({ name: "voxpool_holds", help: "Loads that were not given back.", registers });
  const sessions = new Gauge({ name: "voxpool_sessions", help: "Recognitions that use a model now.", registers });
  return (total) => {
    for (const [name, counter] of counters) setCounter(counter, total[name]);
    errors.reset();
    for (const [reason, count] of Object.entries(total.errors_by_reason)) errors.inc({ reason }, count);
    holds.set(total.holds);
    sessions.set(total.sessions);
  };
}

function registerModels(registry: Registry): (models: ReturnType<Statistics["counted"]>["models"]) => void {
  const labelNames: ("model" | "version")[] = ["model", "version"];
  const common = { labelNames, registers: [registry] };
  const memory = new Gauge({
    name: "voxpool_model_memory_bytes",
    help: "Resident memory of a model's processes.",
    ...common,
  });
  const cpu = new Counter({
    name: "voxpool_model_cpu_seconds_total",
    help: "Processor time of a model's processes.",
    ...common,
  });
  return (models) => {
    for (const metric of [memory, cpu]) metric.reset();
    for (const { model, counted } of models) {
      const labels = { model: model.modelPath, version: model.version };
      memory.set(labels, counted.memory_bytes);
      cpu.inc(labels, counted.cpu_seconds);
    }
  };
}

function setCounter(counter: Counter, value: number): void {
  counter.reset();
  counter.inc(value);
}
