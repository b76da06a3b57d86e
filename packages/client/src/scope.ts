/** The life of one call: everything that may end it before its answer is complete. */
export interface CallScope {
  /** Aborted when the call must end, in whatever phase it is. */
  readonly signal: AbortSignal;
  /** Why the call was ended, if it was. */
  ended(): "request_cancelled" | "request_timeout" | undefined;
  /** Milliseconds since the call began. */
  elapsedMs(): number;
  readonly timeoutMs: number;
  /** Lets go of timer and signals; call it when the call is over. */
  close(): void;
}

/** Opens the life of a call. `timeoutMs` covers all of it, retries and reading too; `Infinity`: no limit. */
export function openScope(signals: readonly (AbortSignal | undefined)[], timeoutMs: number): CallScope {
  // By hand, since AbortSignal.any is missing in the oldest Node 20 and keeps long-lived signals' listeners there.
  const controller = new AbortController();
  const startedMs = performance.now();
  const given = signals.filter((signal) => signal !== undefined);
  let reason: ReturnType<CallScope["ended"]>;
  const end = (why: NonNullable<typeof reason>) => {
    reason ??= why;
    controller.abort();
  };
  const cancel = () => end("request_cancelled");
  for (const signal of given) {
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
  }
  const timer = timeoutMs === Infinity ? undefined : setTimeout(() => end("request_timeout"), timeoutMs);
  return {
    signal: controller.signal,
    ended: () => reason,
    elapsedMs: () => performance.now() - startedMs,
    timeoutMs,
    close() {
      clearTimeout(timer);
      for (const signal of given) signal.removeEventListener("abort", cancel);
    },
  };
}

/**
 * The promise's outcome, or a rejection as soon as the signal is aborted: a transport, a source or a body that does
 * not heed the signal must not hold the caller.
 */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(new Error("aborted"));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
