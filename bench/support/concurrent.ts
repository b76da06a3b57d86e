/** Runs a job for each item, so many at once, in their order. */
export async function concurrently<T>(
  items: readonly T[],
  atOnce: number,
  job: (item: T, worker: number) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const work = async (worker: number): Promise<void> => {
    for (const item of queue) await job(item, worker);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, (_, worker) => work(worker)));
}

/** One after the other; every second time the other way round, since the second finds other things in the caches. */
export async function inTurn<A, B>(
  round: number,
  one: () => Promise<A>,
  other: () => Promise<B>,
): Promise<readonly [A, B]> {
  if (round % 2 === 0) {
    const first = await one();
    return [first, await other()];
  }
  const first = await other();
  return [await one(), first];
}

/** Counts places; who finds none waits for one. */
export class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
