import type { Reason } from "@voxpool/client/contract";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { pathWithoutVersion, pathWithVersion, type VersionedModel } from "../base/versioned-path.ts";
import type { Recognised } from "./tally.ts";

/** What is counted of each recognition that ended. */
export type RecognitionCount = Recognised & {
  readonly folder: VersionedModel;
  /** Set of a live session. */
  readonly live?: { readonly droppedPartials: number };
};

/** What is counted of recognitions, and of sessions that never began. */
export interface RecognitionMetrics {
  recognition(recognition: RecognitionCount): void;
  /** A live session opened or ended. */
  live(change: 1 | -1): void;
  /** A live session was not opened. */
  refused(reason: Reason): void;
}

/** `failed` is the server's fault or the recording's; `refused` came too early; `cancelled` was not wanted any more. */
const outcomes = ["ok", "failed", "refused", "cancelled"] as const;
type Outcome = (typeof outcomes)[number];

/** The reasons for which a recognition may not begin yet. */
export const refusals: readonly Reason[] = ["over_capacity", "too_many_sessions", "client_sessions_full"];

/** Models with series of their own; those that come later share one. */
const mostModels = 128;
const others = { model: "(other)", version: "" };

type Kind = "recording" | "live";

const latencyBuckets = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Most work does not wait. */
const queueBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Recognitions in a registry. Labels are bounded: the first models that were used, and what outcomes there are.
 * A live session lasts as long as somebody speaks, and its times are sums: it is told apart from recordings.
 */
export function registerRecognitionMetrics(registry: Registry): RecognitionMetrics {
  const seriesOf = registerSeries(registry);
  const refused = refusalCounter(registry);
  const models = new Set<string>();
  const known = new Map<string, ReturnType<typeof seriesOf>>();
  const { sessions, dropped } = liveMetrics(registry);
  // Labels are looked up once for each model: that is the costly part.
  const find = (folder: VersionedModel, kind: Kind) => {
    models.add(pathWithVersion(folder));
    if (models.size > mostModels) models.delete(pathWithVersion(folder));
    const labels = models.has(pathWithVersion(folder))
      ? { model: pathWithoutVersion(folder), version: folder.version }
      : others;
    const key = `${kind} ${labels.model}@${labels.version}`;
    const found = known.get(key) ?? seriesOf({ ...labels, kind });
    known.set(key, found);
    return found;
  };
  const refuse = (reason: Reason): void => {
    if (refusals.includes(reason)) refused.inc({ reason });
  };
  return {
    recognition({ folder, audioSeconds, queueSeconds, decodeSeconds, totalSeconds, live, reason }) {
      const series = find(folder, live ? "live" : "recording");
      series.outcomes[outcomeOf(reason)].inc();
      if (live) dropped.inc(live.droppedPartials);
      if (reason !== undefined) refuse(reason);
      // What was said before a live session was given up was recognised all the same.
      if (reason === undefined || live) series.audio.inc(Math.max(0, audioSeconds));
      if (reason !== undefined) return;
      series.queue.observe(queueSeconds);
      series.decode.observe(decodeSeconds);
      series.total.observe(totalSeconds);
    },
    live: (change) => sessions.inc(change),
    refused: refuse,
  };
}

function liveMetrics(registry: Registry) {
  const registers = [registry];
  const sessions = new Gauge({ name: "voxpool_live_sessions", help: "Live sessions that are open.", registers });
  const dropped = new Counter({
    name: "voxpool_live_dropped_partials_total",
    help: "Partial texts of live sessions that were overtaken while they waited for a turn to decode.",
    registers,
  });
  return { sessions, dropped };
}

function registerSeries(registry: Registry) {
  const registers = [registry];
  const labelNames = ["model", "version", "kind"] as const;
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, buckets, labelNames, registers });
  const counts = new Counter({
    name: "voxpool_recognitions_total",
    help: "Recognitions that ended, by how they ended.",
    labelNames: [...labelNames, "outcome"],
    registers,
  });
  const audio = new Counter({
    name: "voxpool_audio_seconds_total",
    help: "Seconds of audio recognised.",
    labelNames,
    registers,
  });
  const queue = histogram("voxpool_recognition_queue_seconds", "Waiting for a turn to decode.", queueBuckets);
  const decode = histogram("voxpool_recognition_decode_seconds", "Spent decoding, in all decodes.", latencyBuckets);
  const total = histogram("voxpool_recognition_duration_seconds", "From the request to its words.", latencyBuckets);
  return (labels: { readonly model: string; readonly version: string; readonly kind: Kind }) => {
    const byOutcome = outcomes.map((outcome) => [outcome, counts.labels({ ...labels, outcome })] as const);
    for (const [, counter] of byOutcome) counter.inc(0);
    return {
      outcomes: Object.fromEntries(byOutcome) as Record<Outcome, Counter.Internal>,
      audio: audio.labels(labels),
      queue: queue.labels(labels),
      decode: decode.labels(labels),
      total: total.labels(labels),
    };
  };
}

/** With a zero for each reason, so that the first refusal is a change that a rate sees. */
function refusalCounter(registry: Registry): Counter<"reason"> {
  const counter = new Counter({
    name: "voxpool_admission_refusals_total",
    help: "Recognitions that were told to come again later, by reason.",
    labelNames: ["reason"],
    registers: [registry],
  });
  for (const reason of refusals) counter.inc({ reason }, 0);
  return counter;
}

function outcomeOf(reason: Reason | undefined): Outcome {
  if (reason === undefined) return "ok";
  if (reason === "request_cancelled") return "cancelled";
  return refusals.includes(reason) ? "refused" : "failed";
}
