/** Something with work that can be done in slices of a few milliseconds. */
export interface Sliced {
  /** Does one slice; gives whether there is more to do. */
  slice(): boolean;
}

/**
 * Lets sessions cut their samples in turn, a slice each, and lets the thread breathe between slices: samples,
 * permits and cancels of others are never behind a whole recording.
 */
export class Turns {
  readonly #due = new Set<Sliced>();
  #scheduled = false;

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
    const [who] = this.#due;
    if (!who) return;
    this.#due.delete(who);
    if (who.slice()) this.#due.add(who);
    this.#schedule();
  }
}
