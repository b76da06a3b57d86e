import type { Reason } from "@voxpool/client/contract";

/** When a new version has proved itself, and when it goes back. Pure. */

/** What has been seen of a new version since it took over. */
export interface ProbationRecord {
  /** Recognitions that came to an end with it, those that failed by its fault included. */
  readonly requests: number;
  /** Recognitions that failed by its fault, and ends of its process. */
  readonly errors: number;
  readonly audioSeconds: number;
  readonly decodeSeconds: number;
  /** Since it took over. */
  readonly seconds: number;
}

export interface ProbationLimits {
  /** Confirmed after so many recognitions; infinite: their number does not confirm. */
  readonly requests: number;
  /** Confirmed after so long; infinite: time does not confirm. */
  readonly seconds: number;
}

/** How fast a version was over the recognitions that are remembered of it. */
export interface MeasuredSpeed {
  readonly requests: number;
  readonly realTimeFactor: number;
}

export type Verdict =
  | { readonly kind: "goes_on" }
  | { readonly kind: "confirmed"; readonly by: "requests" | "time" }
  | { readonly kind: "rolled_back"; readonly why: "errors" | "slow" | "down"; readonly detail: string };

/** One or two failures happen to every version. */
const leastErrors = 3;
const worstErrorShare = 0.1;
/** Fewer recognitions say nothing about speed: one long recording among short ones would decide. */
const leastForSpeed = 10;
const worstSlowdown = 2;
/** Below this difference nobody notices: a factor of two between thousandths is noise. */
const leastSlowdown = 0.02;

/** What becomes of a new version. Going back comes before being confirmed: the last request may be the one too many. */
export function judge(record: ProbationRecord, limits: ProbationLimits, before: MeasuredSpeed | undefined): Verdict {
  const { requests, errors } = record;
  if (errors >= leastErrors && errors > worstErrorShare * requests) {
    return { kind: "rolled_back", why: "errors", detail: `${errors} errors in ${requests} requests` };
  }
  const slow = slowdown(record, before);
  if (slow !== undefined) return { kind: "rolled_back", why: "slow", detail: slow };
  if (requests >= limits.requests) return { kind: "confirmed", by: "requests" };
  return record.seconds >= limits.seconds ? { kind: "confirmed", by: "time" } : { kind: "goes_on" };
}

function slowdown(
  { requests, errors, audioSeconds, decodeSeconds }: ProbationRecord,
  before: MeasuredSpeed | undefined,
): string | undefined {
  const measured = requests - errors;
  if (before === undefined || before.requests < leastForSpeed || measured < leastForSpeed || audioSeconds === 0) return;
  const factor = decodeSeconds / audioSeconds;
  const isSlow = factor > worstSlowdown * before.realTimeFactor && factor - before.realTimeFactor > leastSlowdown;
  return isSlow
    ? `its real-time factor is ${factor.toFixed(3)}, the old version's was ${before.realTimeFactor.toFixed(3)}`
    : undefined;
}

/**
 * Failures of a recognition that are the model's own fault. Ends of its process are told by the pool. Poisonous
 * recordings are counted apart: they may be their callers'.
 */
export const isOwnFault = (reason: Reason): boolean => faults.has(reason);

const faults: ReadonlySet<Reason> = new Set<Reason>([
  "decode_failed",
  "model_files_invalid",
  "model_load_failed",
  "model_load_timeout",
  "model_unavailable",
  "model_unrecognised",
]);
