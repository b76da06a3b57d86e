/** Something with work that can be done in slices of a few milliseconds. */
export interface Sliced {
  /** Does one slice; gives whether there is more to do. */
  slice(): boolean;
}

/**
 * How many slices a session may have in a row. Sessions that are in the middle of cutting hold costly parts (10 MB
 * for Silero), so one is brought to its end before the next begins, as long as its samples are there.
 */
const mostInARow = 30;

/**
 * Lets sessions cut their samples in turn, and lets the thread breathe after each slice: samples, permits and cancels
 * of others are never behind a whole recording.
 */
export class Turns {
  readonly #due = new Set<Sliced>();
  #scheduled = false;
  #current: Sliced | undefined;
  #inARow = 0;

  /** Asks for a turn; asking twice is one turn. */
  ask(who: Sliced): void {
    this.#due.add(who);
    this.#schedule();
  }

  leave(who: Sliced): void {
    this.#due.delete(who);
    if (this.#current === who) this.#current = undefined;
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

  /** The one whose turn it is, while it has samples and its turn is not over; else who has waited longest. */
  #choose(): Sliced | undefined {
    if (this.#current && this.#due.has(this.#current) && ++this.#inARow < mostInARow) return this.#current;
    const [first] = this.#due;
    this.#current = first;
    this.#inARow = 0;
    return first;
  }
}
