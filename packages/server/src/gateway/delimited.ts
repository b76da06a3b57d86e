/**
 * A sliding window over chunks of bytes that are cut by a delimiter. It holds no more than one chunk and the bytes
 * that may be the beginning of a delimiter.
 */
export class DelimitedBytes {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #delimiter: Buffer;
  #held: Buffer;
  /** Whether the window stands before a delimiter that has not been taken. */
  #inside = true;

  /** `before` stands in front of the first chunk, as if it had arrived. */
  constructor(source: AsyncIterable<Uint8Array>, delimiter: Buffer, before: Buffer) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#delimiter = delimiter;
    this.#held = before;
  }

  /** The bytes up to the next delimiter, which is taken too; nothing once it was taken. `fail` makes the error. */
  async *untilDelimiter(fail: () => Error): AsyncGenerator<Uint8Array> {
    while (this.#inside) {
      const at = this.#held.indexOf(this.#delimiter);
      const ready = at >= 0 ? at : Math.max(0, this.#held.length - this.#delimiter.length + 1);
      const chunk = this.#take(ready);
      if (at >= 0) this.#take(this.#delimiter.length);
      this.#inside = at < 0;
      if (chunk.length > 0) yield chunk;
      if (this.#inside && !(await this.#pull())) throw fail();
    }
  }

  /** The next bytes, which stay. */
  async peek(bytes: number, fail: () => Error): Promise<string> {
    while (this.#held.length < bytes) if (!(await this.#pull())) throw fail();
    return this.#held.toString("latin1", 0, bytes);
  }

  /** Drops the next byte. */
  skipByte(): void {
    this.#take(1);
  }

  /** Text up to `end`, which is taken too; undefined when `maxBytes` go by without it. A delimiter follows later. */
  async textUntil(end: string, maxBytes: number, fail: () => Error): Promise<string | undefined> {
    for (;;) {
      const at = this.#held.indexOf(end);
      if (at > maxBytes || (at < 0 && this.#held.length > maxBytes + end.length)) return undefined;
      if (at >= 0) {
        const text = this.#take(at).toString("utf8");
        this.#take(Buffer.byteLength(end));
        this.#inside = true;
        return text;
      }
      if (!(await this.#pull())) throw fail();
    }
  }

  /** Reads and drops everything that is left. */
  async skipRest(): Promise<void> {
    do this.#held = Buffer.alloc(0);
    while (await this.#pull());
  }

  /** Ends the source. */
  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  #take(bytes: number): Buffer {
    const taken = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
    return taken;
  }

  async #pull(): Promise<boolean> {
    const next = await this.#iterator.next();
    if (next.done === true) return false;
    const chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    return true;
  }
}
