import type { Clock } from "../../dist/pool/system-clock.js";

interface Timer {
  readonly at: number;
  readonly ring: () => void;
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Time that passes when a test says so. */
export class FakeClock implements Clock {
  #now = 1000;
  #unixAhead = 1_700_000_000;
  readonly #timers = new Set<Timer>();

  readonly seconds = (): number => this.#now;
  readonly unix = (): number => this.#now + this.#unixAhead;

  readonly after = (seconds: number, then: () => void): (() => void) => {
    const timer = { at: this.#now + seconds, ring: then };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** The clock on the wall is set, forwards or back; no time passes. */
  jump(seconds: number): void {
    this.#unixAhead += seconds;
  }

  /** Time passes; what is due is called in its order, and may settle before the next. */
  async pass(seconds: number): Promise<void> {
    const until = this.#now + seconds;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.ring();
      await settle();
    }
    this.#now = until;
  }
}
