/** Time, replaceable in tests. Seconds. */
export interface Clock {
  /** Never goes back. */
  readonly seconds: () => number;
  /** Since 1970; may jump. */
  readonly unix: () => number;
  /** Calls `then` once after so many seconds; gives the function that calls it off. */
  readonly after: (seconds: number, then: () => void) => () => void;
}

/** The clocks of this machine. Timers do not keep a process alive. */
export const systemClock: Clock = {
  seconds: () => performance.now() / 1000,
  unix: () => Date.now() / 1000,
  after(seconds, then) {
    const timer = setTimeout(then, seconds * 1000).unref();
    return () => clearTimeout(timer);
  },
};
