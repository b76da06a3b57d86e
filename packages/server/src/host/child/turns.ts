/** Something with work that can be done in slices of a few milliseconds. */
export interface Sliced {
  /** Does one slice; gives whether there is more to do. */
  slice(): boolean;
  /** Whether it has done a slice, and so holds what cutting needs. */
  readonly hasBegun: boolean;
}

/** After so many slices of those that have begun, one that waits begins all the same. */
const mostInARow = 30;

/**
 * Lets sessions cut their samples in turn, and lets the thread breathe after each slice: samples, permits and cancels
 * of others are never behind a whole recording.
 *
 * A session in the middle of cutting holds costly parts (10 MB for Silero). So those that have begun come first: of
 * twenty recordings that arrive at once, few are in the middle at a time.
 */
export class Turns {
  readonly #due = new Set<Sliced>();
  #scheduled = false;
  #inARow = 0;

  /** Asks for a turn; asking twice is one turn. */
  ask(who: Sliced): void {
    this.#due.add(who);
    this.#schedule();
  }

  leave(who: Sliced): void {
    this.#due.delete(who);
  }

  #schedule(): void {
    if (this.#scheduled || this.#due.size === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#next();
    });
  }

  #next(): void {
    const who = this.#choose();
    if (!who) return;
    this.#due.delete(who);
    if (who.slice()) this.#due.add(who);
    this.#schedule();
  }

  #choose(): Sliced | undefined {
    let begun: Sliced | undefined;
    let waiting: Sliced | undefined;
    for (const who of this.#due) {
      if (who.hasBegun) begun ??= who;
      else waiting ??= who;
      if (begun && waiting) break;
    }
    if (begun && (!waiting || this.#inARow < mostInARow)) {
      this.#inARow++;
      return begun;
    }
    this.#inARow = 0;
    return waiting;
  }
}
