/**
 * A queue between one producer and one consumer. The consumer gets the values in the order in which their promises
 * were put in, whatever the order in which they settle; one that is rejected is thrown when its turn comes. How much
 * is in it is bounded by its producer.
 */
export class OrderedQueue<T> implements AsyncIterable<T> {
  readonly #items: (T | Promise<T>)[] = [];
  /** What is given when nothing else is there. */
  #offer: { readonly item: T } | undefined;
  #end: { readonly error?: unknown } | undefined;
  #consumer: (() => void) | undefined;

  /** What comes after the end is dropped. */
  add(item: T | Promise<T>): void {
    if (this.#end) return;
    this.#items.push(item);
    this.#consumer?.();
  }

  /** Given as long as nothing else is there; another offer takes its place. */
  offer(item: T): void {
    if (this.#end) return;
    this.#offer = { item };
    this.#consumer?.();
  }

  /** What is offered is given no more. */
  retract(): void {
    this.#offer = undefined;
  }

  /** The consumer gets what is there, then the end. */
  end(): void {
    this.#finish({});
  }

  /** The consumer gets what is there, then the error. */
  endWith(error: unknown): void {
    this.#finish({ error });
  }

  /** The consumer gets the error at once. */
  fail(error: unknown): void {
    if (!this.#end) {
      this.#items.length = 0;
      this.#offer = undefined;
    }
    this.#finish({ error });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      if (this.#items.length > 0) {
        yield await (this.#items.shift() as T | Promise<T>);
      } else if (this.#offer) {
        const { item } = this.#offer;
        this.#offer = undefined;
        yield item;
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
  }
}
