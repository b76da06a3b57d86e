import type { Clock } from "./instance.ts";

/** The clocks of this machine. Timers do not keep a process alive. */
export const systemClock: Clock = {
  seconds: () => performance.now() / 1000,
  unix: () => Date.now() / 1000,
  after(seconds, then) {
    const timer = setTimeout(then, seconds * 1000).unref();
    return () => clearTimeout(timer);
  },
};
