import { VoxpoolError } from "../../base/errors.ts";
import { networkOf } from "../network-of.ts";

export interface AttemptLimits {
  /** Wrong keys of one address in a minute that are answered at once; 0: all. */
  readonly perMinute: number;
  /** How long each further one waits for its answer. */
  readonly pauseMs?: number;
}

const minuteSeconds = 60;
/** Whoever tries many at once is not worth a place for each. */
const mostWaitingPerAddress = 20;
const mostWaiting = 500;
/** Addresses that are remembered; those that failed longest ago are forgotten first. */
const mostAddresses = 10_000;

interface Failures {
  count: number;
  since: number;
  waiting: number;
}

/**
 * Slows those who try keys. Only wrong ones are slowed: nobody locks others out by sending wrong keys from the address
 * of their proxy. Keys of 256 bits are not found by trying; this keeps the trying from being cheap, and the log short.
 */
export class Attempts {
  readonly #limits: Required<AttemptLimits>;
  readonly #now: () => number;
  /** By address, in the order of their last failure. */
  readonly #failures = new Map<string, Failures>();
  #waiting = 0;

  /** @param now seconds of a clock that never goes back */
  constructor(limits: AttemptLimits, now: () => number = () => performance.now() / 1000) {
    this.#limits = { pauseMs: 1000, ...limits };
    this.#now = now;
  }

  /**
   * Notes a wrong key. Resolves when it may be answered; true if it is worth a line in the log.
   * @throws VoxpoolError `too_many_failed_attempts` when too many wait already
   */
  async failed(ip: string): Promise<boolean> {
    const { perMinute, pauseMs } = this.#limits;
    if (perMinute === 0) return true;
    const address = networkOf(ip);
    const failures = this.#note(address);
    if (failures.count <= perMinute) return true;
    if (failures.waiting >= mostWaitingPerAddress || this.#waiting >= mostWaiting) {
      const retry_after_seconds = Math.max(1, Math.ceil(failures.since + minuteSeconds - this.#now()));
      throw new VoxpoolError("too_many_failed_attempts", { setting: "limits.failed_attempts", retry_after_seconds });
    }
    failures.waiting++;
    this.#waiting++;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    failures.waiting--;
    this.#waiting--;
    return false;
  }

  #note(address: string): Failures {
    const now = this.#now();
    let failures = this.#failures.get(address);
    this.#failures.delete(address);
    failures ??= { count: 0, since: now, waiting: 0 };
    if (now - failures.since >= minuteSeconds) Object.assign(failures, { count: 0, since: now });
    failures.count++;
    this.#failures.set(address, failures);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > mostAddresses && oldest !== undefined) this.#failures.delete(oldest);
    return failures;
  }
}
