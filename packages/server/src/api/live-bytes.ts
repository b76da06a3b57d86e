/** More than this holds the writer back: Opus of several seconds. */
const mostBytes = 65_536;

interface Reader {
  readonly resolve: (result: IteratorResult<Uint8Array>) => void;
}

/** Bytes that are written as they come, for one reader who pulls them. */
export class LiveBytes implements AsyncIterable<Uint8Array> {
  #pieces: Uint8Array[] = [];
  #held = 0;
  #hasCome = false;
  #isEnded = false;
  #reader: Reader | undefined;
  #room = Promise.withResolvers<void>();

  /** Something was written. */
  get hasCome(): boolean {
    return this.#hasCome;
  }

  /** The reader has all of it, and waits. */
  get isEmpty(): boolean {
    return this.#reader !== undefined;
  }

  /** Resolves when more may come. What comes after the end is dropped. */
  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0 || this.#isEnded) return;
    this.#hasCome = true;
    if (this.#reader) {
      this.#give({ done: false, value: bytes });
    } else {
      this.#pieces.push(bytes);
      this.#held += bytes.length;
    }
    while (this.#held > mostBytes) await this.#room.promise;
  }

  /** No more bytes. */
  end(): void {
    this.#isEnded = true;
    if (this.#pieces.length === 0) this.#give({ done: true, value: undefined });
  }

  /** Nobody reads any more. */
  close(): void {
    this.#pieces = [];
    this.#held = 0;
    this.end();
    this.#makeRoom();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => new Promise((resolve) => this.#next({ resolve })),
      return: async () => {
        this.close();
        return { done: true, value: undefined };
      },
    };
  }

  #next(reader: Reader): void {
    this.#reader = reader;
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#held -= piece.length;
      this.#give({ done: false, value: piece });
      this.#makeRoom();
    } else if (this.#isEnded) {
      this.#give({ done: true, value: undefined });
    }
  }

  #give(result: IteratorResult<Uint8Array>): void {
    this.#reader?.resolve(result);
    this.#reader = undefined;
  }

  #makeRoom(): void {
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }
}
