/**
 * Bytes gathered from chunks into one block that doubles. A list of the chunks would cost a sender of single bytes
 * nothing and us a hundred times what it sent.
 */
export interface GrowingBuffer {
  readonly size: number;
  add(chunk: Uint8Array): void;
  /** What was gathered; a view that the next `add` after a `clear` overwrites. */
  view(): Buffer;
  clear(): void;
}

export function createGrowingBuffer(): GrowingBuffer {
  let block = Buffer.alloc(0);
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(chunk) {
      if (size + chunk.length > block.length) {
        const larger = Buffer.allocUnsafe(Math.max(4096, block.length * 2, size + chunk.length));
        block.copy(larger, 0, 0, size);
        block = larger;
      }
      block.set(chunk, size);
      size += chunk.length;
    },
    view: () => block.subarray(0, size),
    clear() {
      size = 0;
    },
  };
}

/** All of a source; the source itself has to be bounded. */
export async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const buffer = createGrowingBuffer();
  for await (const chunk of chunks) buffer.add(chunk);
  return buffer.view();
}
