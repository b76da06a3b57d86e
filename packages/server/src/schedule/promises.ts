/** Somebody who was refused, and told when to come again. */
export interface Promised {
  readonly client: string;
  readonly host: string;
  /** The length that its recording says. */
  readonly saidSeconds: number | undefined;
  readonly expectedSeconds: number;
  /** When it was told to come, on the clock of the admission. */
  readonly at: number;
  /** Until when its place is kept. */
  readonly until: number;
}

/** Who asks again at once, and again, gets many promises: so many are remembered for one client, and for all. */
const mostForClient = 1000;
const mostForAll = 2000;
/** Clocks and rounding. */
const earlySeconds = 0.5;

/** Places that are kept for those who were told to come again. Bounded; who is not remembered has its chance only. */
export class Promises {
  readonly #byClient = new Map<string, Promised[]>();
  #size = 0;

  add(promised: Promised): void {
    const others = this.#byClient.get(promised.client) ?? [];
    if (others.length >= mostForClient || this.#size >= mostForAll) return;
    let place = others.length;
    while (place > 0 && (others[place - 1]?.at ?? 0) > promised.at) place--;
    others.splice(place, 0, promised);
    this.#byClient.set(promised.client, others);
    this.#size++;
  }

  /** The time of the client's last promise, if it has as many as may be. */
  lastIfFull(client: string): number | undefined {
    const promises = this.#byClient.get(client) ?? [];
    return promises.length >= mostForClient ? promises.at(-1)?.at : undefined;
  }

  /**
   * Takes the client's first promise whose time has come, for a recording of the same length: what is new has not
   * been promised anything, and must not take the place of what was.
   */
  take(client: string, saidSeconds: number | undefined, now: number): Promised | undefined {
    for (const promised of this.#byClient.get(client) ?? []) {
      if (promised.at - earlySeconds > now) return undefined;
      if (promised.saidSeconds !== saidSeconds) continue;
      this.#remove(client, (one) => one === promised);
      return promised;
    }
    return undefined;
  }

  /** Forgets those who did not come. */
  expire(now: number): void {
    for (const client of this.#byClient.keys()) this.#remove(client, ({ until }) => until < now);
  }

  /** Of each client in order of time. */
  *all(): Iterable<Promised> {
    for (const promises of this.#byClient.values()) yield* promises;
  }

  #remove(client: string, isOver: (promised: Promised) => boolean): void {
    const before = this.#byClient.get(client) ?? [];
    const left = before.filter((promised) => !isOver(promised));
    this.#size -= before.length - left.length;
    if (left.length === 0) this.#byClient.delete(client);
    else this.#byClient.set(client, left);
  }
}
