/**
 * A queue between one producer and one consumer that makes the producer wait while it is full. The consumer gets the
 * values in the order in which their promises were put in, whatever the order in which they settle.
 */
export class OrderedQueue<T> implements AsyncIterable<T> {
  readonly #items: (T | Promise<T>)[] = [];
  readonly #limit: number;
  #end: { readonly error?: unknown } | undefined;
  #consumer: (() => void) | undefined;
  #producer: (() => void) | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when there is room for another one. What comes after the end is dropped. */
  async push(item: T | Promise<T>): Promise<void> {
    if (this.#end) return;
    this.#items.push(item);
    this.#consumer?.();
    while (this.#items.length >= this.#limit && !this.#end) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#producer = resolve;
      await promise;
    }
  }

  /** Puts one in without waiting for room; for what its sender bounds. */
  add(item: T): void {
    if (this.#end) return;
    this.#items.push(item);
    this.#consumer?.();
  }

  /** The consumer gets what is there, then the end. */
  end(): void {
    this.#finish({});
  }

  /** The consumer gets the error at once. */
  fail(error: unknown): void {
    if (!this.#end) this.#items.length = 0;
    this.#finish({ error });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      if (this.#items.length > 0) {
        const item = this.#items.shift() as T | Promise<T>;
        this.#producer?.();
        yield await item;
      } else if (this.#end) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      } else {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#consumer = resolve;
        await promise;
      }
    }
  }

  #finish(end: { readonly error?: unknown }): void {
    this.#end ??= end;
    this.#consumer?.();
    this.#producer?.();
  }
}
