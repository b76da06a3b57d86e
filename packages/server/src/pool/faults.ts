import { afterEnd, type RestartDecision, windowSeconds } from "./policy/restart.ts";
import type { Blame } from "./types.ts";

/** How the processes of one model version ended by themselves, and what follows from it; it outlives its instances. */
export class Faults {
  readonly #now: () => number;
  #strikes: number[] = [];
  #outside: number[] = [];
  /** How often in a row the breaker opened. */
  #opened = 0;
  /** The breaker was open, and nothing was recognised since: one more end opens it again. */
  #onTrial = false;
  /** The breaker is open until then; who asks later makes the trial. */
  #openUntil: number | undefined;

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

  get openUntil(): number | undefined {
    return this.#openUntil;
  }

  /** How long requests are still refused, seconds. */
  get pauseLeft(): number {
    return Math.max(0, (this.#openUntil ?? 0) - this.#now());
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
    if (decision.kind === "open") {
      this.#opened += 1;
      this.#openUntil = this.#now() + decision.forSeconds;
    }
    return decision;
  }

  /** The next process shows whether all is well again. */
  beginTrial(): void {
    this.#onTrial = true;
    this.#openUntil = undefined;
  }

  /** The trial could not even begin, which says nothing about the model: the next to ask makes it. */
  postponeTrial(): void {
    this.#openUntil = this.#now();
  }

  /** A recognition came to its end: what was on trial has passed. */
  passed(): void {
    if (!this.#onTrial) return;
    this.#onTrial = false;
    this.#opened = 0;
    this.#strikes = [];
  }
}
