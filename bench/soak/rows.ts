import type { Measurement } from "../support/case.ts";
import { megabytes } from "../support/memory.ts";
import { quantile } from "../support/statistics.ts";
import type { Findings } from "./run.ts";

/** What a run of ten minutes and more has to reach. */
const requestsGoal = 10_000;
/** The same; of shorter runs as many in each minute. */
const killsGoal = 50;
const fullMinutes = 10;

/** V8's heap of the server finds its size in the first minutes: before that, memory says nothing about leaks. */
const memoryJudgedFromMinutes = 5;

/** The table of a run, with its goals. */
export function rowsOf(findings: Findings): readonly Measurement[] {
  return [...requestRows(findings), ...troubleRows(findings), ...leftoverRows(findings)];
}

function requestRows({ tally, minutes, seed, perSecond, capacityPerSecond, heldBack }: Findings): Measurement[] {
  const goal = minutes < fullMinutes ? undefined : atLeast(requestsGoal);
  const over = tally.latenciesMs(0.99, 6);
  return [
    row("requests", `${tally.requests} in ${minutes} min`, tally.requests, goal, [
      `Seed ${seed}. ${capacityPerSecond.toFixed(0)} requests/s were answered without trouble, ${perSecond.toFixed(0)} are ` +
        `sent at times that do not depend on answers; ${heldBack} waited since too many were under way.`,
      `${tally.audioSeconds.toFixed(0)} s of audio; by ${tally.clients()}.`,
    ]),
    row(
      "admitted",
      `${tally.admitted} of ${tally.requests}, ${tally.refused} answered 429`,
      tally.admitted / tally.requests,
      atLeast(0.99),
    ),
    row("admitted requests that failed", `${tally.failed} of ${tally.admitted}`, tally.failed, atMost(0), [
      tally.failed === 0 ? "" : `They were: ${tally.failures()}.`,
    ]),
    row(
      "answers with wrong words",
      `${tally.wrongWords} of ${tally.admitted - tally.failed}`,
      tally.wrongWords,
      atMost(0),
    ),
    {
      ...row(
        "latency p50, p95 and p99",
        [0.5, 0.95, 0.99]
          .map((part) => tally.latencyMs(part).toFixed(0))
          .join(", ")
          .concat(" ms"),
        tally.latencyMs(0.99),
      ),
      unit: "ms",
    },
    row("latency p99 over time", `${over.map((ms) => ms.toFixed(0)).join(", ")} ms`, Math.max(...over), undefined, [
      `In each of ${over.length} equal parts of the run.`,
    ]),
  ];
}

function troubleRows({ killer, minutes, leftStopped, steering, garbage, poller, readers }: Findings): Measurement[] {
  const share = Math.min(1, minutes / fullMinutes);
  const events = readers.flatMap(({ wrong }) => wrong);
  const seen = readers.map(({ counts }) => counts.total).join(" and ");
  return [
    row(
      "processes of models killed or stopped",
      killer.counts.shown,
      killer.counts.total,
      atLeast(Math.floor(killsGoal * share)),
      [`${killer.atWork} of them had recognitions to do. Steering calls meanwhile: ${steering.counts.shown}.`],
    ),
    row("stopped processes that were left alone", `${leftStopped}`, leftStopped, atMost(0)),
    row("garbage not refused with a reason", `of ${garbage.counts.total}`, garbage.wrong.length, atMost(0), [
      `It was: ${garbage.counts.shown}.`,
      ...told(garbage.wrong),
    ]),
    row(
      "status calls that failed",
      `of ${poller.counts.total}, p99 ${p99(poller.latenciesMs)} ms`,
      poller.wrong.length,
      atMost(0),
      told(poller.wrong),
    ),
    row("events missed or sent twice", `of ${seen} that two readers saw`, events.length, atMost(0), told(events)),
  ];
}

function leftoverRows({ before, after, memory: watch, minutes }: Findings): Measurement[] {
  const memory = after.memoryBytes / before.memoryBytes;
  const uploads = after.spooledFiles;
  const slope = watch.slope(0.5);
  return [
    row(
      "processes left",
      `${after.processes}, ${before.processes} before`,
      after.processes - before.processes,
      atMost(0),
    ),
    row(
      "descriptors left",
      `${after.descriptors}, ${before.descriptors} before`,
      after.descriptors - before.descriptors,
      atMost(0),
    ),
    row("uploads left on the disk", `${uploads}`, uploads, atMost(0)),
    row(
      "memory of the server, everything unloaded",
      `${megabytes(after.memoryBytes).toFixed(1)} against ${megabytes(before.memoryBytes).toFixed(1)} MB`,
      memory,
      minutes < memoryJudgedFromMinutes ? undefined : atMost(1.25),
      ["PSS of its process tree; before: after the first 30 % of the run, everything unloaded too."],
    ),
    row(
      "memory of the server's own process under traffic, slope",
      `${megabytes(slope).toFixed(2)} MB a minute`,
      megabytes(slope),
      undefined,
      ["Least squares over the second half of the run."],
    ),
  ];
}

function row(
  what: string,
  figure: string,
  value: number,
  goal?: Measurement["goal"],
  notes: readonly string[] = [],
): Measurement {
  const note = notes.filter((text) => text !== "").join(" ");
  return { what: `Soak: ${what}`, figure, value, unit: "", ...(goal !== undefined && { goal }), note };
}

const atLeast = (value: number): Measurement["goal"] => ({ kind: "at least", value });
const atMost = (value: number): Measurement["goal"] => ({ kind: "at most", value });

/** The first of what went wrong. */
const told = (wrong: readonly string[]): readonly string[] => wrong.slice(0, 5).map((text) => `${text.slice(0, 300)}.`);

const p99 = (values: readonly number[]): string => (values.length === 0 ? "-" : quantile(values, 0.99).toFixed(0));
