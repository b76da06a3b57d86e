import { readSync } from "node:fs";
import { damaged } from "../format.ts";

const windowBytes = 16 * 1024;
const mostHeaderBytes = 64 * 1024 * 1024;

/** Reads of a file that lie close together, which cost one: a file may be a million of the smallest boxes. */
export class FileWindow {
  readonly #file: number;
  readonly #fileBytes: number;
  #from = 0;
  #window: Uint8Array = new Uint8Array(0);

  constructor(file: number, fileBytes: number) {
    this.#file = file;
    this.#fileBytes = fileBytes;
  }

  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** So many bytes, or those there are. @throws VoxpoolError `audio_invalid` when that is too much for a header */
  read(at: number, count: number): Uint8Array {
    if (count > mostHeaderBytes) throw damaged("a header of the MP4 file is too long");
    const wanted = Math.max(0, Math.min(count, this.#fileBytes - at));
    if (wanted > windowBytes) return this.#readFile(at, wanted);
    if (at < this.#from || at + wanted > this.#from + this.#window.length) {
      this.#window = this.#readFile(at, windowBytes);
      this.#from = at;
    }
    return this.#window.subarray(at - this.#from, at - this.#from + wanted);
  }

  #readFile(at: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    return bytes.subarray(0, readSync(this.#file, bytes, 0, count, at));
  }
}
