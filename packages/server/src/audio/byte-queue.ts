const smallBytes = 4096;
const blockBytes = 16_384;

/**
 * Bytes that wait, in order. Small pieces are copied together: a client that sends single bytes would else
 * cost a hundred times their size.
 */
export class ByteQueue {
  readonly #blocks: Uint8Array[] = [];
  #length = 0;
  /** Room at the end of the last block, when that block is of our own making. */
  #room: Uint8Array = new Uint8Array(0);

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#length += bytes.length;
    if (bytes.length > smallBytes) {
      this.#blocks.push(bytes);
      this.#room = new Uint8Array(0);
    } else {
      this.#append(bytes);
    }
  }

  /** Puts back what was taken and not needed. */
  unshift(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#length += bytes.length;
    // A small rest must not keep a large buffer alive.
    this.#blocks.unshift(bytes.length > smallBytes ? bytes : bytes.slice());
  }

  /** The next bytes, at most `count`, which stay. */
  peek(count: number): Uint8Array {
    const bytes = this.take(count);
    this.unshift(bytes);
    return bytes;
  }

  /** The next `count` bytes (or all there are) in a buffer of their own. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(Math.min(count, this.#length));
    for (let at = 0; at < taken.length; ) {
      const block = this.#blocks[0] as Uint8Array;
      const part = block.subarray(0, taken.length - at);
      taken.set(part, at);
      at += part.length;
      if (part.length < block.length) this.#blocks[0] = block.subarray(part.length);
      else this.#blocks.shift();
    }
    this.#length -= taken.length;
    if (this.#length === 0) this.clear();
    return taken;
  }

  clear(): void {
    this.#blocks.length = 0;
    this.#length = 0;
    this.#room = new Uint8Array(0);
  }

  #append(bytes: Uint8Array): void {
    const last = this.#blocks.at(-1);
    if (last !== undefined && bytes.length <= this.#room.length) {
      this.#room.set(bytes);
      this.#blocks[this.#blocks.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + bytes.length);
      this.#room = this.#room.subarray(bytes.length);
      return;
    }
    const block = new Uint8Array(blockBytes);
    block.set(bytes);
    this.#blocks.push(block.subarray(0, bytes.length));
    this.#room = block.subarray(bytes.length);
  }
}
