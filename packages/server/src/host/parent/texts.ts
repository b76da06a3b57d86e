import type { VoxpoolError } from "../../base/errors.ts";
import type { TextDone } from "./types.ts";

/** Texts that a host has been sent and has not answered, by number. */
export class Texts {
  readonly #waiting = new Map<number, PromiseWithResolvers<TextDone>>();
  #sent = 0;

  /** A number for the next text, and its answer. */
  next(): { readonly number: number; readonly answer: Promise<TextDone> } {
    const number = this.#sent++;
    const waiting = Promise.withResolvers<TextDone>();
    this.#waiting.set(number, waiting);
    return { number, answer: waiting.promise };
  }

  done(number: number, done: TextDone): void {
    this.#waiting.get(number)?.resolve(done);
    this.#waiting.delete(number);
  }

  failed(number: number, error: VoxpoolError): void {
    this.#waiting.get(number)?.reject(error);
    this.#waiting.delete(number);
  }

  /** The process is gone. */
  failAll(error: VoxpoolError): void {
    for (const number of this.#waiting.keys()) this.failed(number, error);
  }
}
