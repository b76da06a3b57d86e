import { type FileHandle, open, stat } from "node:fs/promises";
import { errorCode, invalidFile } from "./invalid.ts";

/** Looks into a file of any size through a window of fixed size. */
export class WindowReader {
  readonly sizeBytes: number;
  readonly #handle: FileHandle;
  readonly #window = Buffer.alloc(65_536);
  #from = 0;
  #length = 0;
  /** Steps of all walks through this file, by which they bound themselves. */
  steps = 0;

  constructor(handle: FileHandle, sizeBytes: number) {
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
  }

  /** Makes sure that `at` answers for `count` bytes (at most 65,536) from `position` on, as far as the file goes. */
  async load(position: number, count: number): Promise<void> {
    if (this.has(position, count)) return;
    const { bytesRead } = await this.#handle.read(this.#window, 0, this.#window.length, position);
    this.#from = position;
    this.#length = bytesRead;
  }

  /** Whether `load` would have nothing to do; asking first saves a walk over many small parts the waiting. */
  has(position: number, count: number): boolean {
    const end = Math.min(position + count, this.sizeBytes);
    return position >= this.#from && end <= this.#from + this.#length;
  }

  /** The byte at a position that was loaded; undefined past the end. */
  at(position: number): number | undefined {
    const index = position - this.#from;
    return index >= 0 && index < this.#length ? this.#window[index] : undefined;
  }

  /** A copy of at most `count` bytes (up to 65,536) from `position` on. */
  async bytes(position: number, count: number): Promise<Buffer> {
    await this.load(position, count);
    const index = position - this.#from;
    return Buffer.from(this.#window.subarray(index, Math.min(index + count, this.#length)));
  }
}

/**
 * Opens a regular file, and only that: opening a pipe would wait for ever.
 * @param name for messages
 * @throws VoxpoolError `model_files_invalid` when it is not there, no file, or `read` throws it
 */
export async function withReader<T>(name: string, path: string, read: (reader: WindowReader) => Promise<T>) {
  const handle = await openRegular(name, path);
  try {
    return await read(new WindowReader(handle, (await handle.stat()).size));
  } finally {
    await handle.close();
  }
}

async function openRegular(name: string, path: string): Promise<FileHandle> {
  const isFile = await readable(name, async () => (await stat(path)).isFile());
  if (!isFile) throw invalidFile(name, "is no regular file");
  return readable(name, () => open(path));
}

async function readable<T>(name: string, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    throw invalidFile(name, `cannot be read (${errorCode(error)})`, error);
  }
}
