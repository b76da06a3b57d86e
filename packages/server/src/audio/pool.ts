import { VoxpoolError } from "../base/errors.ts";
import type { Mp4Index } from "./containers/mp4.ts";
import { DecodeThread, Overdue, type ThreadOptions } from "./thread.ts";
import type { IndexAnswer, IndexStep, Step, StepAnswer, StepResult } from "./wire.ts";

interface Waiting {
  readonly make: () => Step | IndexStep | undefined;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: StepResult | Mp4Index | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread that worked for less than this share of its time was kept from it: that tells nothing of the recording. */
const busyShare = 0.25;

/**
 * Steps of all recordings over a few threads, first come first served. A recording has one step at a time and
 * its state travels with it: one that waits for its upload costs no thread, a thread that dies only its step.
 */
export class DecodePool {
  readonly #size: number;
  readonly #options: ThreadOptions;
  readonly #threads = new Set<DecodeThread>();
  readonly #idle: DecodeThread[] = [];
  readonly #queue: Waiting[] = [];
  #closed = false;

  constructor(size: number, options: ThreadOptions) {
    this.#size = size;
    this.#options = options;
  }

  /**
   * @param make asked for the step when its turn has come; undefined if nobody wants it any more
   * @param signal cuts the step short once it is under way
   * @throws VoxpoolError of the step, `audio_invalid` when it keeps a thread busy without end, `internal` when its
   * thread died or could not do its work, `server_stopping`
   */
  run(make: () => Step | undefined, signal?: AbortSignal): Promise<StepResult | undefined>;
  run(make: () => IndexStep | undefined, signal?: AbortSignal): Promise<Mp4Index | undefined>;
  run(make: () => Step | IndexStep | undefined, signal?: AbortSignal): Promise<StepResult | Mp4Index | undefined> {
    if (this.#closed) return Promise.reject(new VoxpoolError("server_stopping"));
    return new Promise((resolve, reject) => {
      this.#queue.push({ make, signal, resolve, reject });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#queue.splice(0)) reject(new VoxpoolError("server_stopping"));
    await Promise.all([...this.#threads].map((thread) => thread.close()));
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && !this.#closed) {
      const thread = this.#freeThread();
      if (thread === undefined) return;
      const waiting = this.#queue.shift() as Waiting;
      const step = waiting.make();
      if (step === undefined) {
        this.#idle.push(thread);
        waiting.resolve(undefined);
      } else {
        void this.#runOn(thread, step, waiting);
      }
    }
  }

  /** The thread used last, whose caches are warm; else a new one, if there may be more. */
  #freeThread(): DecodeThread | undefined {
    for (let thread = this.#idle.pop(); thread !== undefined; thread = this.#idle.pop()) {
      if (!thread.ended) return thread;
      this.#threads.delete(thread);
    }
    if (this.#threads.size >= this.#size) return undefined;
    return this.#newThread();
  }

  #newThread(): DecodeThread {
    const thread = new DecodeThread(this.#options);
    this.#threads.add(thread);
    return thread;
  }

  async #runOn(first: DecodeThread, step: Step | IndexStep, waiting: Waiting): Promise<void> {
    let thread = first;
    try {
      const answer = await thread.run(step, waiting.signal).catch((error: unknown) => {
        if (!(error instanceof Overdue)) throw error;
        if (this.#closed || waiting.signal?.aborted === true) throw new VoxpoolError("internal", {}, { cause: error });
        this.#options.log.warn({ seconds: error.seconds }, "a step of an audio thread did not end; it is tried again");
        this.#threads.delete(thread);
        thread = this.#newThread();
        return this.#runAgain(thread, step, waiting.signal);
      });
      if ("error" in answer) throw this.#failure(answer.error, answer.cause);
      waiting.resolve(answer);
    } catch (error) {
      waiting.reject(error);
    }
    if (thread.ended) this.#threads.delete(thread);
    else this.#idle.push(thread);
    this.#dispatch();
  }

  /** In a thread of its own, whose CPU time is that of the step. */
  async #runAgain(
    thread: DecodeThread,
    step: Step | IndexStep,
    signal: AbortSignal | undefined,
  ): Promise<StepAnswer | IndexAnswer> {
    try {
      return await thread.run(step, signal);
    } catch (error) {
      if (!(error instanceof Overdue)) throw error;
      const { seconds, cpuSeconds } = error;
      this.#options.log.error({ seconds, cpuSeconds }, "a step of an audio thread did not end; the thread was ended");
      if (cpuSeconds === undefined || cpuSeconds < seconds * busyShare) {
        throw new VoxpoolError("internal", {}, { cause: error });
      }
      throw new VoxpoolError("audio_invalid", { detail: `reading on did not end within ${seconds} seconds` });
    }
  }

  #failure(error: Parameters<typeof VoxpoolError.fromWire>[0], cause: string | undefined): VoxpoolError {
    if (cause !== undefined) this.#options.log.error({ cause }, "audio could not be decoded for a reason of ours");
    return VoxpoolError.fromWire(error);
  }
}
