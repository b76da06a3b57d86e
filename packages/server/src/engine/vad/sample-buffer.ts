/** Room that is kept even when little is held, samples. */
const leastCapacity = 16_384;

/** A moving window over a stream of samples: they come in at the end and are dropped at the front. */
export class SampleBuffer {
  #data = new Float32Array(leastCapacity);
  /** Where in `#data` the first held sample is. */
  #head = 0;
  #from = 0;
  #length = 0;

  /** Index in the stream of the first sample that is held. */
  get from(): number {
    return this.#from;
  }

  /** Index in the stream after the last sample. */
  get to(): number {
    return this.#from + this.#length;
  }

  append(samples: Float32Array): void {
    this.#makeRoom(samples.length);
    this.#data.set(samples, this.#head + this.#length);
    this.#length += samples.length;
  }

  /** The samples themselves, until the next `append` or `dropBefore`. */
  view(from: number, to: number): Float32Array {
    const at = this.#head + from - this.#from;
    return this.#data.subarray(at, at + to - from);
  }

  /** A copy, owned by the caller. */
  copy(from: number, to: number): Float32Array {
    return this.view(from, to).slice();
  }

  dropBefore(index: number): void {
    const count = Math.min(Math.max(0, index - this.#from), this.#length);
    this.#head += count;
    this.#from += count;
    this.#length -= count;
  }

  /** Moves what is held to the front, into a smaller or larger array where that fits better. */
  #makeRoom(count: number): void {
    if (this.#head + this.#length + count <= this.#data.length) return;
    const held = this.#data.subarray(this.#head, this.#head + this.#length);
    const capacity = Math.max(leastCapacity, 2 * (this.#length + count));
    const target =
      capacity > this.#data.length || capacity < this.#data.length / 4 ? new Float32Array(capacity) : this.#data;
    target.set(held);
    this.#data = target;
    this.#head = 0;
  }
}
