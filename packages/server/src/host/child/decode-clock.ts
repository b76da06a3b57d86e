/** A decode that was handed to the engine. */
export interface DecodeTicket {
  startedAtMs: number | undefined;
}

/**
 * Measures decodes without the time they wait for a thread of the engine: a host is given one decode more than
 * it can run, so that no thread is ever idle, and that one waits first come, first served.
 */
export class DecodeClock {
  readonly #threads: number;
  readonly #now: () => number;
  readonly #waiting: DecodeTicket[] = [];
  #running = 0;

  constructor(threads: number, now: () => number = () => performance.now()) {
    this.#threads = Math.max(1, threads);
    this.#now = now;
  }

  begin(): DecodeTicket {
    const ticket: DecodeTicket = { startedAtMs: undefined };
    this.#waiting.push(ticket);
    this.#startNext();
    return ticket;
  }

  /** Seconds that the decode itself took. Call once for a ticket. */
  end(ticket: DecodeTicket): number {
    if (ticket.startedAtMs === undefined) {
      // It overtook an earlier one, so the engine is not in order; it took no time that can be told.
      this.#waiting.splice(this.#waiting.indexOf(ticket), 1);
      return 0;
    }
    const seconds = (this.#now() - ticket.startedAtMs) / 1000;
    this.#running -= 1;
    this.#startNext();
    return seconds;
  }

  #startNext(): void {
    while (this.#running < this.#threads) {
      const next = this.#waiting.shift();
      if (!next) return;
      next.startedAtMs = this.#now();
      this.#running += 1;
    }
  }
}
