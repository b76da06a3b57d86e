/** Numbers that look random and are the same for the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0, below 1: a counter whose bits are mixed, as in Steele and others, "Fast splittable pseudorandom number generators" (2014). */
  next(): number {
    this.#state = (this.#state + 0x9e37_79b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }

  /** One of several. @throws RangeError of none */
  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** One of several, as often as their weights say. @throws RangeError of none */
  weighted<T extends { readonly weight: number }>(items: readonly T[]): T {
    let left = this.next() * items.reduce((sum, { weight }) => sum + weight, 0);
    const found = items.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    return found ?? this.pick(items);
  }

  /** Time until the next of events that come by chance, in the unit of the mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** Another sequence that goes on by itself, so that what one asks for changes nothing for others. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32));
  }
}
