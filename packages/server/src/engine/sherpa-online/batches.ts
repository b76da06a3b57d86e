/** Streams that are decoded together at most: a batch takes as long as all of them. */
const largestBatch = 64;

interface Waiting<Stream> {
  readonly stream: Stream;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Decodes chunks of streams, those that are ready at the same time together. While all threads decode, whoever comes
 * waits, and that is what makes the next batch: alone, a stream waits for nobody.
 */
export class Batches<Stream> {
  readonly #decode: (streams: readonly Stream[]) => Promise<void>;
  readonly #threads: number;
  readonly #waiting: Waiting<Stream>[] = [];
  #running = 0;

  /**
   * @param decode one chunk of each stream
   * @param threads so many batches at once
   */
  constructor(decode: (streams: readonly Stream[]) => Promise<void>, threads: number) {
    this.#decode = decode;
    this.#threads = Math.max(1, threads);
  }

  /** Decodes one chunk of a stream that is ready. @throws what `decode` throws */
  step(stream: Stream): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ stream, done });
    // Later: others whose samples came in the same message to this thread are to come along.
    if (this.#waiting.length === 1) setImmediate(() => this.#startWhatMayRun());
    return done.promise;
  }

  #startWhatMayRun(): void {
    while (this.#running < this.#threads && this.#waiting.length > 0) {
      // All of them and not a share for each thread: they came with one permit, which is one core.
      const batch = this.#waiting.splice(0, largestBatch);
      this.#running += 1;
      void this.#run(batch);
    }
  }

  async #run(batch: readonly Waiting<Stream>[]): Promise<void> {
    try {
      await this.#decode(batch.map(({ stream }) => stream));
      for (const { done } of batch) done.resolve();
    } catch (error) {
      for (const { done } of batch) done.reject(error);
    } finally {
      this.#running -= 1;
      this.#startWhatMayRun();
    }
  }
}
