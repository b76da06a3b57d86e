import type { Reason } from "@voxpool/client/contract";
import { Counter, Histogram, type Registry } from "prom-client";
import { pathWithoutVersion, pathWithVersion, type VersionedModel } from "../base/versioned-path.ts";
import type { Recognised } from "./tally.ts";

/** What is counted of each recognition that ended. */
export type RecognitionCount = Recognised & { readonly folder: VersionedModel };

/** `failed` is the server's fault or the recording's; `refused` came too early; `cancelled` was not wanted any more. */
const outcomes = ["ok", "failed", "refused", "cancelled"] as const;
type Outcome = (typeof outcomes)[number];

/** The reasons for which a recognition may not begin yet. */
export const refusals: readonly Reason[] = ["over_capacity", "too_many_sessions", "client_sessions_full"];

/** Models with series of their own; those that come later share one. */
const mostModels = 128;
const others = { model: "(other)", version: "" };

const latencyBuckets = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Most work does not wait. */
const queueBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Recognitions in a registry. Labels are bounded: the first models that were used, and what outcomes there are.
 * @returns what is called for each recognition; labels are looked up once for each model
 */
export function registerRecognitionMetrics(registry: Registry): (recognition: RecognitionCount) => void {
  const seriesOf = registerSeries(registry);
  const refused = refusalCounter(registry);
  const known = new Map<string, ReturnType<typeof seriesOf>>();
  const find = (folder: VersionedModel) => {
    const isKnown = known.size < mostModels || known.has(pathWithVersion(folder));
    const labels = isKnown ? { model: pathWithoutVersion(folder), version: folder.version } : others;
    const key = `${labels.model}@${labels.version}`;
    const found = known.get(key) ?? seriesOf(labels);
    known.set(key, found);
    return found;
  };
  return ({ folder, audioSeconds, queueSeconds, decodeSeconds, totalSeconds, reason }) => {
    const series = find(folder);
    const outcome = outcomeOf(reason);
    series.outcomes[outcome].inc();
    if (reason !== undefined && outcome === "refused") refused.inc({ reason });
    if (outcome !== "ok") return;
    series.audio.inc(Math.max(0, audioSeconds));
    series.queue.observe(queueSeconds);
    series.decode.observe(decodeSeconds);
    series.total.observe(totalSeconds);
  };
}

function registerSeries(registry: Registry) {
  const registers = [registry];
  const labelNames = ["model", "version"] as const;
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
  return (labels: { readonly model: string; readonly version: string }) => {
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
