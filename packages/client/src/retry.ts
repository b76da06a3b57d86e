import type { CallFailure } from "./failure.ts";
import type { CallScope } from "./scope.ts";

/** When a call that failed is sent again. */
export interface RetryPolicy {
  /** How often it is sent again at most. Default 2. */
  readonly retries: number;
  /** The first pause is up to so long, each further one up to twice the one before. Default 250. */
  readonly baseMs: number;
  /** No pause of the client's own is longer. Default 5,000. */
  readonly capMs: number;
  /** Nothing is sent again later than this after the call began, also when `Retry-After` asks for it. Default 30,000. */
  readonly totalMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { retries: 2, baseMs: 250, capMs: 5_000, totalMs: 30_000 };

/**
 * What may be sent again.
 * - `always`: what changes nothing, or nothing more the second time.
 * - `unsent`: only what the server did not take: it never arrived, or was refused for being too much (429).
 * - `never`: what cannot be sent twice, since its body is used up.
 */
export type Safety = "always" | "unsent" | "never";

/** What one attempt came to. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | FailedOutcome;

export interface FailedOutcome {
  readonly ok: false;
  readonly failure: CallFailure;
  /** False only if the server certainly never saw the request. */
  readonly mayHaveArrived: boolean;
}

/** What went wrong in the network; everything else with the code 0 (abort, timeout, unreadable audio) stays wrong. */
const networkReasons: ReadonlySet<string> = new Set(["server_unreachable", "connection_lost"]);

/** Whether a failed attempt may be made again; a pure function. */
export function mayRepeat(safety: Safety, outcome: FailedOutcome): boolean {
  const { failure, mayHaveArrived } = outcome;
  if (safety === "never") return false;
  if (failure.error_code === 429) return failure.retryable;
  if (networkReasons.has(failure.reason)) return safety === "always" || !mayHaveArrived;
  if (safety === "unsent") return false;
  if (failure.error_code === 503) return failure.retryable;
  // Voxpool's own 502 and 504 (a download, a load that stood still) took long and would again; a proxy's would not.
  return (failure.error_code === 502 || failure.error_code === 504) && failure.reason === "answer_invalid";
}

/**
 * How long to wait before the given retry (the first is 0): full jitter, so that clients which failed together do not
 * come back together. What the server asked for in `Retry-After` is a floor under it.
 */
export function pauseMs(policy: RetryPolicy, retry: number, floorSeconds = 0, random = Math.random): number {
  const ceilingMs = Math.min(policy.capMs, policy.baseMs * 2 ** retry);
  return floorSeconds * 1000 + random() * ceilingMs;
}

/** Seconds that a `Retry-After` header asks for, from a number or a date; undefined if it is neither. */
export function retryAfterSeconds(header: string | null, nowMs = Date.now()): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Number(text);
  // Only what looks like a date of HTTP: Date.parse also takes "-1" and the like.
  const atMs = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, (atMs - nowMs) / 1000);
}

/** Makes attempts until one succeeds, may not be repeated, or the policy or the call's life is used up. */
export async function withRetries<T>(
  attempt: () => Promise<Outcome<T>>,
  safety: Safety,
  policy: RetryPolicy,
  scope: CallScope,
): Promise<Outcome<T>> {
  for (let retry = 0; ; retry++) {
    const outcome = await attempt();
    if (outcome.ok || retry >= policy.retries || !mayRepeat(safety, outcome)) return outcome;
    const waitMs = pauseMs(policy, retry, outcome.failure.retry_after_seconds);
    // A wait that cannot lead to another attempt is not begun: the caller learns at once what the server said.
    if (scope.elapsedMs() + waitMs > Math.min(policy.totalMs, scope.timeoutMs)) return outcome;
    await pause(waitMs, scope.signal);
    // The failure is known already; the next attempt sees that the call has ended and says so.
  }
}

/** Resolves after the time, or as soon as the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done, { once: true });
  });
}
