import { sampleRateHz } from "../engine/engine.ts";
import { Written } from "./written.ts";

/** Samples are handed on, kept and dropped in pieces of at most a second. */
const pieceSamples = sampleRateHz;

/** What is written to a session: kept as long as it may be needed, and held back while no process takes it. */
export class SessionInput {
  readonly written = new Written();
  /** Looks at what was written after a sample. */
  readonly #check: (sample: number) => void;
  /** Writes happen one after the other. */
  #tail: Promise<void> = Promise.resolve();
  #isEnded = false;
  #fedTo = 0;
  #waiting: { readonly to: number; readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;

  /** @param check is called before samples reach a process; what it throws ends the write */
  constructor(check: (sample: number) => void) {
    this.#check = check;
  }

  /** Resolves when a process has them all. @throws what ended the session */
  write(samples: Float32Array): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#isEnded) return Promise.reject(new TypeError("write() after end()"));
    return this.#inTurn(() => this.#writePieces(samples));
  }

  /** Nothing more is written. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** What was written so far is to become final. Without effect after the end. */
  flush(): void {
    if (this.#isEnded || this.#failure) return;
    void this.#inTurn(async () => this.written.flush());
  }

  end(): void {
    this.#isEnded = true;
    void this.#inTurn(async () => this.written.end());
  }

  /** A process has everything before a sample. */
  fed(to: number): void {
    this.#fedTo = Math.max(this.#fedTo, to);
    if (this.#waiting && to >= this.#waiting.to) this.#waiting.resolve();
  }

  /** Lets go of all. @param failure is what writers are told */
  close(failure?: Error): void {
    this.#failure ??= failure;
    if (failure) this.#waiting?.reject(failure);
    this.written.close();
  }

  async #writePieces(samples: Float32Array): Promise<void> {
    for (let at = 0; at < samples.length; at += pieceSamples) {
      if (this.#failure) throw this.#failure;
      const from = this.written.to;
      this.written.add(samples.slice(at, at + pieceSamples));
      this.#check(from);
      await this.#isFed(this.written.to);
    }
  }

  #isFed(to: number): Promise<void> {
    if (this.#fedTo >= to) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting = { to, resolve, reject };
    });
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    const result = this.#tail.then(step);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
