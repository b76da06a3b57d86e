interface Reader<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: Error): void;
}

/** Values from one writer to one reader, in order, until it is closed or fails. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  #values: T[] = [];
  #readers: Reader<T>[] = [];
  #closed = false;
  #failure: Error | undefined;

  push(value: T): void {
    if (this.#closed || this.#failure) return;
    const reader = this.#readers.shift();
    if (reader) reader.resolve({ done: false, value });
    else this.#values.push(value);
  }

  /** No more values: the reader ends after those that are there. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
  }

  /** The reader throws at once; values that it has not taken are dropped. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#values = [];
    for (const reader of this.#readers.splice(0)) reader.reject(this.#failure);
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return { next: () => this.#next() };
  }

  #next(): Promise<IteratorResult<T, undefined>> {
    if (this.#failure) return Promise.reject(this.#failure);
    const value = this.#values.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => void this.#readers.push({ resolve, reject }));
  }
}
