import { Worker } from "node:worker_threads";
import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Cancel, IndexAnswer, IndexStep, Step, StepAnswer } from "./wire.ts";

export interface ThreadOptions {
  readonly file: URL;
  /** A step that takes longer has gone wrong; its thread is ended. */
  readonly stepTimeoutMs: number;
  /** Where programs are looked for; what this process has, when unset. */
  readonly path?: string;
  readonly log: Log;
}

interface Pending {
  readonly resolve: (answer: StepAnswer | IndexAnswer) => void;
  readonly reject: (error: VoxpoolError) => void;
  readonly timer: NodeJS.Timeout;
  /** Lets go of the signal of the step. */
  readonly unlisten: () => void;
}

/** One worker thread and the one step that it is busy with. It keeps the process alive only while it is. */
export class DecodeThread {
  readonly #worker: Worker;
  readonly #options: ThreadOptions;
  #pending: Pending | undefined;
  #ended = false;

  constructor(options: ThreadOptions) {
    this.#options = options;
    // Samples are outside the heap; what is on it is small, whatever a file says. The flags of this process
    // (a debugger's port, --input-type) are not meant for the thread.
    this.#worker = new Worker(options.file, {
      execArgv: [],
      ...(options.path !== undefined && { env: { PATH: options.path } }),
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 },
    });
    this.#worker.unref();
    this.#worker.on("message", (answer: StepAnswer | IndexAnswer) => this.#receive(answer));
    this.#worker.on("error", (error) => this.#die(error));
    this.#worker.on("messageerror", (error) => this.#die(error));
    this.#worker.on("exit", (code) => this.#die(new Error(`the thread ended with code ${code}`)));
  }

  /** An ended thread takes no more steps. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * @param signal cuts short what can be; the step still has its answer, which is then good for nothing
   * @throws VoxpoolError `internal` when the thread dies, `audio_invalid` when the step does not end
   */
  run(step: Step | IndexStep, signal?: AbortSignal): Promise<StepAnswer | IndexAnswer> {
    return new Promise((resolve, reject) => {
      // If this thread was held up, the answer may be there already: let it be read first.
      const expire = () => setImmediate(() => this.#expire());
      const cancel = () => this.#worker.postMessage({ cancel: true } satisfies Cancel, []);
      signal?.addEventListener("abort", cancel, { once: true });
      const unlisten = () => signal?.removeEventListener("abort", cancel);
      this.#pending = { resolve, reject, unlisten, timer: setTimeout(expire, this.#options.stepTimeoutMs) };
      this.#worker.ref();
      this.#worker.postMessage(step, "file" in step ? [] : [step.bytes.buffer]);
    });
  }

  async close(): Promise<void> {
    this.#ended = true;
    this.#take()?.reject(new VoxpoolError("server_stopping"));
    await this.#worker.terminate();
  }

  #receive(answer: StepAnswer | IndexAnswer): void {
    if ("error" in answer && answer.isThreadSpent === true) {
      this.#ended = true;
      this.#options.log.warn({}, "a recording brought a decoder down; its audio thread was ended");
      void this.#worker.terminate();
    }
    this.#take()?.resolve(answer);
  }

  #take(): Pending | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    clearTimeout(pending?.timer);
    pending?.unlisten();
    this.#worker.unref();
    return pending;
  }

  #expire(): void {
    const pending = this.#take();
    if (pending === undefined) return;
    const seconds = this.#options.stepTimeoutMs / 1000;
    this.#ended = true;
    this.#options.log.error({ seconds }, "a recording kept an audio thread busy for too long; the thread was ended");
    pending.reject(new VoxpoolError("audio_invalid", { detail: `reading on did not end within ${seconds} seconds` }));
    void this.#worker.terminate();
  }

  #die(error: unknown): void {
    if (!this.#ended) this.#options.log.error({ err: error }, "an audio thread died");
    this.#ended = true;
    this.#take()?.reject(new VoxpoolError("internal", {}, { cause: error }));
  }
}
