/** What is to be told between the values of something else, as soon as its reader waits. */
export class Notices<N> {
  readonly #waiting: N[] = [];
  #arrived: () => void = () => undefined;

  add(notice: N): void {
    this.#waiting.push(notice);
    this.#arrived();
  }

  take(): N | undefined {
    return this.#waiting.shift();
  }

  /** Whether any is there. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Calls it whenever one comes; in the place of the one before. */
  onArrival(listener: () => void): void {
    this.#arrived = listener;
  }
}

/** The values in their order, with the notices between them; those that are there at the end come before it. */
export async function* interleaved<T, N>(values: AsyncIterable<T>, notices: Notices<N>): AsyncGenerator<T | N, void> {
  const iterator = values[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<T>> | undefined;
  try {
    for (;;) {
      while (!notices.isEmpty) yield notices.take() as N;
      next ??= iterator.next();
      // One reaction for each value, however many wait for a notice.
      const settled = await settledOrNoticed(next, notices);
      if (settled === undefined) continue;
      next = undefined;
      while (!notices.isEmpty) yield notices.take() as N;
      if (settled.done === true) return;
      yield settled.value;
    }
  } finally {
    next?.catch(() => undefined);
    // Not awaited: what is under way may end with what its reader does next.
    iterator.return?.()?.catch(() => undefined);
  }
}

function settledOrNoticed<T, N>(next: Promise<T>, notices: Notices<N>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    notices.onArrival(() => resolve(undefined));
    next.then(resolve, reject);
  });
}
