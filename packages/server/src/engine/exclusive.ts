import { VoxpoolError } from "../base/errors.ts";

/**
 * Guards the native part of one recogniser: calls that overlap corrupt its memory, and so does freeing it in the middle
 * of one. What is closed under a call is freed at its end.
 */
export class Exclusive {
  readonly #free: () => void;
  #isBusy = false;
  #isClosed = false;

  /** @param free frees the native part; called when it is closed, and at the end of each call after that */
  constructor(free: () => void) {
    this.#free = free;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws VoxpoolError `decode_failed` under another call, and once it is closed */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isBusy || this.#isClosed) {
      const detail = this.#isClosed ? "the recogniser is closed" : "calls of one recogniser overlap";
      throw new VoxpoolError("decode_failed", { detail });
    }
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
      if (this.#isClosed) this.#free();
    }
  }

  /** Safe to call twice. */
  close(): void {
    this.#isClosed = true;
    if (!this.#isBusy) this.#free();
  }
}
