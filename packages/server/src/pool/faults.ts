import { afterEnd, type RestartDecision, windowSeconds } from "./policy/restart.ts";
import type { Blame } from "./types.ts";

/** How the processes of one instance ended by themselves, and what follows from it. */
export class Faults {
  readonly #now: () => number;
  #strikes: number[] = [];
  #outside: number[] = [];
  /** How often in a row the breaker opened. */
  #opened = 0;
  /** The breaker was open, and nothing was recognised since: one more end opens it again. */
  #onTrial = false;

  /** @param now seconds of a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Ends by the model's own fault that still count. */
  get strikes(): number {
    return this.#strikes.length;
  }

  /** Ends by others' doing that still count. */
  get interruptions(): number {
    return this.#outside.length;
  }

  add(blame: Blame): void {
    const since = this.#now() - windowSeconds;
    (blame === "model" ? this.#strikes : this.#outside).push(this.#now());
    this.#strikes = this.#strikes.filter((at) => at > since);
    this.#outside = this.#outside.filter((at) => at > since);
  }

  /** What comes after an end that was added. An opened breaker is counted. */
  decide(blame: Blame): RestartDecision {
    const history = { strikes: this.#strikes, outside: this.#outside, opened: this.#opened };
    const decision = afterEnd(history, this.#now(), this.#onTrial && blame === "model");
    if (decision.kind === "open") this.#opened += 1;
    return decision;
  }

  /** The next process shows whether all is well again. */
  beginTrial(): void {
    this.#onTrial = true;
  }

  /** A recognition came to its end: what was on trial has passed. */
  passed(): void {
    if (!this.#onTrial) return;
    this.#onTrial = false;
    this.#opened = 0;
    this.#strikes = [];
  }
}
