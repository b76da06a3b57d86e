/** When a process that ended by itself is started again. Pure. */

/** What happened to the processes of an instance, in seconds of a clock that never goes back. */
export interface RestartHistory {
  /** When processes ended for which the model is to blame, oldest first. */
  readonly strikes: readonly number[];
  /** When processes ended for which it is not, oldest first. */
  readonly outside: readonly number[];
  /** How often in a row the breaker has opened. */
  readonly opened: number;
}

export type RestartDecision =
  | { readonly kind: "restart"; readonly inSeconds: number }
  /** Requests are refused until then; the first one after it is the trial. */
  | { readonly kind: "open"; readonly forSeconds: number };

/** So many ends by the model's own fault in `windowSeconds` open the breaker. */
const mostStrikes = 5;
export const windowSeconds = 60;

const firstPauseSeconds = 0.25;
const longestPauseSeconds = 8;
const firstOpenSeconds = 10;
const longestOpenSeconds = 300;

/**
 * The first restart comes at once, since most ends are single ones; further ones back off. What others do to a
 * process (signals) backs off as well, but never opens the breaker.
 * @param failedTrial the breaker was open, and the process that was to show that all is well ended by its own fault
 */
export function afterEnd(
  { strikes, outside, opened }: RestartHistory,
  now: number,
  failedTrial = false,
): RestartDecision {
  const since = now - windowSeconds;
  const recentStrikes = strikes.filter((at) => at > since).length;
  if (failedTrial || recentStrikes >= mostStrikes) return { kind: "open", forSeconds: openSeconds(opened) };
  const recent = recentStrikes + outside.filter((at) => at > since).length;
  // Signals from outside come in bursts when somebody cleans up: they slow restarts down, but not for long.
  const cap = recentStrikes === 0 ? 1 : longestPauseSeconds;
  return { kind: "restart", inSeconds: recent <= 1 ? 0 : Math.min(cap, firstPauseSeconds * 2 ** (recent - 2)) };
}

/** How long the breaker stays open the next time: longer each time in a row. */
function openSeconds(opened: number): number {
  return Math.min(longestOpenSeconds, firstOpenSeconds * 2 ** opened);
}
