import { monitorEventLoopDelay } from "node:perf_hooks";

/** How late the event loop is, seconds, over the last whole window and what has passed of this one. */
export interface LoopLag {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Watches how late timers come: what every request and every heartbeat waits for. */
export interface LoopWatch {
  lag(): LoopLag;
  close(): void;
}

const resolutionMs = 20;
const windowMs = 10_000;
const none: LoopLag = { p50: 0, p99: 0, max: 0 };

/** Costs a native timer each 20 ms; nothing of it keeps the process alive. */
export function watchEventLoop(): LoopWatch {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let last = none;
  const now = (): LoopLag =>
    histogram.count === 0
      ? none
      : {
          p50: lateness(histogram.percentile(50)),
          p99: lateness(histogram.percentile(99)),
          max: lateness(histogram.max),
        };
  const timer = setInterval(() => {
    last = now();
    histogram.reset();
  }, windowMs).unref();
  return {
    lag() {
      const current = now();
      const worst = (name: keyof LoopLag): number => Math.max(last[name], current[name]);
      return { p50: worst("p50"), p99: worst("p99"), max: worst("max") };
    },
    close() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

/** What the histogram holds is the time between two ticks, nanoseconds, of which the wait itself is no lateness. */
function lateness(betweenNs: number): number {
  return Math.max(0, betweenNs / 1e9 - resolutionMs / 1000);
}
