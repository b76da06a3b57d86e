import { Worker } from "node:worker_threads";
import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Cancel, IndexAnswer, IndexStep, Step, StepAnswer } from "./wire.ts";

export interface ThreadOptions {
  readonly file: URL;
  /** A step that takes longer is ended with its thread. Counted in ticks: while this process stands still none pass. */
  readonly stepTimeoutMs: number;
  /** Where programs are looked for; what this process has, when unset. */
  readonly path?: string;
  readonly log: Log;
}

interface Pending {
  readonly resolve: (answer: StepAnswer | IndexAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
  /** Lets go of the signal of the step. */
  readonly unlisten: () => void;
}

const ticksOfStep = 20;
/** A thread that is in a loop of its own is asked for its CPU time no longer than this. */
const askMs = 1000;

/** A step that did not end in its time, which may be the fault of the recording or of the machine. */
export class Overdue extends Error {
  readonly seconds: number;
  /** What the thread has used since it began; undefined if it cannot even tell. */
  readonly cpuSeconds: number | undefined;

  constructor(seconds: number, cpuSeconds: number | undefined) {
    super(`a step of an audio thread did not end within ${seconds} seconds`);
    this.seconds = seconds;
    this.cpuSeconds = cpuSeconds;
  }
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
   * @param step stays whole, so that it can be tried again
   * @param signal cuts short what can be; the step still has its answer, which is then good for nothing
   * @throws VoxpoolError `internal` when the thread dies; Overdue when the step does not end
   */
  run(step: Step | IndexStep, signal?: AbortSignal): Promise<StepAnswer | IndexAnswer> {
    return new Promise((resolve, reject) => {
      let ticks = 0;
      // If this thread was held up, the answer may be there already: let it be read first.
      const tick = () => {
        if (++ticks === ticksOfStep) setImmediate(() => void this.#expire());
      };
      const cancel = () => this.#worker.postMessage({ cancel: true } satisfies Cancel, []);
      signal?.addEventListener("abort", cancel, { once: true });
      const unlisten = () => signal?.removeEventListener("abort", cancel);
      this.#pending = {
        resolve,
        reject,
        unlisten,
        timer: setInterval(tick, this.#options.stepTimeoutMs / ticksOfStep),
      };
      this.#worker.ref();
      this.#worker.postMessage(step, []);
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
    clearInterval(pending?.timer);
    pending?.unlisten();
    this.#worker.unref();
    return pending;
  }

  async #expire(): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    const cpuSeconds = await this.#cpuSeconds();
    if (this.#pending !== pending) return; // the answer came after all
    this.#take();
    this.#ended = true;
    pending.reject(new Overdue(this.#options.stepTimeoutMs / 1000, cpuSeconds));
    void this.#worker.terminate();
  }

  async #cpuSeconds(): Promise<number | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, askMs, undefined);
    });
    const usage = await Promise.race([this.#worker.cpuUsage().catch(() => undefined), late]);
    clearTimeout(timer);
    return usage && (usage.user + usage.system) / 1e6;
  }

  #die(error: unknown): void {
    if (!this.#ended) this.#options.log.error({ err: error }, "an audio thread died");
    this.#ended = true;
    this.#take()?.reject(new VoxpoolError("internal", {}, { cause: error }));
  }
}
