import { createHash, type Hash } from "node:crypto";

/**
 * The samples of a session from the place on from which they may be needed again, and the digest of all there were.
 * Positions are sample indices from the session's first.
 */
export class Written {
  #chunks: Chunk[] = [];
  #to = 0;
  #isEnded = false;
  /** Where what was said so far is to end, in order, as long as nobody has answered. */
  readonly #flushes: number[] = [];
  #answered = 0;
  readonly #dropped: Digested = { hash: createHash("sha256"), to: 0 };
  /** Further on than `#dropped`, so that positions one after the other hash each sample once. */
  #ahead: Digested | undefined;
  #wake = Promise.withResolvers<void>();

  /** The first sample that is held. */
  get from(): number {
    return this.#dropped.to;
  }

  /** After the last sample. */
  get to(): number {
    return this.#to;
  }

  /** @param samples are owned by this from now on, and never change */
  add(samples: Float32Array): void {
    this.#chunks.push({ from: this.#to, samples });
    this.#to += samples.length;
    this.#awake();
  }

  /** What was written so far is to become final. */
  flush(): void {
    this.#flushes.push(this.#to);
    this.#awake();
  }

  /** The first flush that was not answered is. */
  flushed(): void {
    if (this.#flushes.shift() !== undefined) this.#answered += 1;
  }

  /** How many flushes were answered. */
  get answeredFlushes(): number {
    return this.#answered;
  }

  /** No more samples. */
  end(): void {
    this.#isEnded = true;
    this.#awake();
  }

  /** Nobody needs them any more. */
  close(): void {
    this.#chunks = [];
    this.end();
  }

  /**
   * The samples from a position on to the end of their chunk, or to the next flush, once they are there; undefined:
   * there are no more.
   * @param flushes so many were passed
   */
  async next(position: number, flushes = this.#answered): Promise<Float32Array | "flush" | undefined> {
    for (;;) {
      const flush = this.#flushes[flushes - this.#answered];
      if (flush !== undefined && flush <= position) return "flush";
      const chunk = this.#chunks.findLast(({ from }) => from <= position);
      const to = (flush ?? Number.POSITIVE_INFINITY) - (chunk?.from ?? 0);
      const samples = chunk?.samples.subarray(position - chunk.from, to);
      if (samples !== undefined && samples.length > 0) return samples;
      if (this.#isEnded) return undefined;
      await this.#wake.promise;
    }
  }

  /** Lets go of whole chunks before a position. */
  dropBefore(position: number): void {
    let count = 0;
    for (const { from, samples } of this.#chunks) {
      if (from + samples.length > position) break;
      this.#dropped.hash.update(bytesOf(samples));
      this.#dropped.to = from + samples.length;
      count++;
    }
    if (count > 0) this.#chunks.splice(0, count);
  }

  /** SHA-256 of all samples before a position, hexadecimal; undefined where samples are needed that are not held. */
  digestAt(position: number): string | undefined {
    if (position < this.from || position > this.#to) return undefined;
    const ahead = this.#ahead;
    const isUsable = ahead !== undefined && ahead.to <= position && ahead.to >= this.from;
    const digested = isUsable ? ahead : { hash: this.#dropped.hash.copy(), to: this.#dropped.to };
    for (const { from, samples } of this.#chunks) {
      if (from >= position) break;
      const wanted = samples.subarray(Math.max(0, digested.to - from), position - from);
      digested.hash.update(bytesOf(wanted));
      digested.to += wanted.length;
    }
    this.#ahead = digested;
    return digested.hash.copy().digest("hex");
  }

  #awake(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

interface Chunk {
  readonly from: number;
  readonly samples: Float32Array;
}

/** A digest of all samples before `to`. */
interface Digested {
  readonly hash: Hash;
  to: number;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
