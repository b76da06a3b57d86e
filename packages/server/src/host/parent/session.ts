import { VoxpoolError, type WireError } from "../../base/errors.ts";
import type { FromHost } from "../wire.ts";
import { AsyncQueue } from "./queue.ts";
import type { HostSession, HostStep, HostWork, WorkDone } from "./types.ts";

/** What a session asks of its host. */
export interface SessionHost {
  /** Writes one frame, or that a flush comes here; `taken` when `samples` may be used again. */
  write(session: number, samples: Float32Array | "flush", taken: () => void): void;
  grant(session: number, work: number, expectedSeconds: number): void;
  /** The process runs a granted work no more. */
  over(session: number, work: number): Promise<void>;
  /** Tells the child whether what is heard of open utterances is wanted. */
  wantPartials(session: number, wanted: boolean): void;
  /** Tells the child to drop the session. */
  cancel(session: number): void;
  /** The session needs no more messages. */
  forget(session: number): void;
  /** How many samples past the last `consumed` a session may send. */
  windowSamples(): number;
}

/** One frame, a second: small enough that sessions take turns on the pipe, large enough to cost nothing. */
const frameSamples = 16_000;

interface Run {
  readonly promise: Promise<WorkDone>;
  readonly resolve: (done: WorkDone) => void;
  readonly reject: (error: Error) => void;
}

/** A session's side in the parent: frames out under the credit window, pieces of work in. */
export class ParentSession implements HostSession {
  readonly #id: number;
  readonly #host: SessionHost;
  readonly #modelPath: string;
  readonly #steps = new AsyncQueue<HostStep>();
  readonly #runs = new Map<number, Run>();
  /** Writes of a session happen one after the other. */
  #tail: Promise<void> = Promise.resolve();
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  #waitsForCredit = false;
  #sentSamples = 0;
  #consumedSamples = 0;
  #consumedListener: (() => void) | undefined;
  /** Works that were announced and are not done; of partials those that run, since the others may never. */
  readonly #undone = new Set<number>();
  #cut = false;
  #inputEnded = false;
  #failure: VoxpoolError | undefined;

  constructor(id: number, host: SessionHost, modelPath: string) {
    this.#id = id;
    this.#host = host;
    this.#modelPath = modelPath;
  }

  get consumedSamples(): number {
    return this.#consumedSamples;
  }

  onConsumed(listener: () => void): void {
    this.#consumedListener = listener;
  }

  write(samples: Float32Array): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#inputEnded) return Promise.reject(new TypeError("write() after end()"));
    return this.#inTurn(() => this.#writeFrames(samples));
  }

  end(): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    // What ended the session is told by works(); this has no caller to tell.
    this.#inTurn(() => this.#writeFrame(new Float32Array(0))).catch(() => undefined);
  }

  flush(): void {
    if (this.#inputEnded) return;
    this.#inTurn(() => this.#writeFrame("flush")).catch(() => undefined);
  }

  wantPartials(wanted: boolean): void {
    if (this.#failure || this.#isOver()) return;
    this.#host.wantPartials(this.#id, wanted);
  }

  steps(): AsyncIterable<HostStep> {
    return this.#steps;
  }

  async *works(): AsyncGenerator<HostWork, void> {
    for await (const step of this.#steps) if (step.kind === "work") yield step.work;
  }

  cancel(error = new VoxpoolError("request_cancelled", { model_path: this.#modelPath })): void {
    if (this.#failure || this.#isOver()) return;
    this.#host.cancel(this.#id);
    this.fail(error);
  }

  /** Ends the session: everything pending throws `error`. Only the first failure counts. */
  fail(error: VoxpoolError): void {
    if (this.#failure || this.#isOver()) return;
    this.#failure = error;
    this.#steps.fail(error);
    this.#waiting?.reject(error);
    for (const run of this.#runs.values()) run.reject(error);
    this.#runs.clear();
    this.#host.forget(this.#id);
  }

  /** Takes a message of the child about this session. */
  receive(message: Extract<FromHost, { session: number }>): void {
    switch (message.type) {
      case "work":
        if (!message.isPartial) this.#undone.add(message.work);
        this.#steps.push({ kind: message.isPartial ? "partial" : "work", work: this.#work(message) });
        break;
      case "done":
        this.#finish(message);
        break;
      case "consumed":
        this.#consumedSamples = Math.max(this.#consumedSamples, message.samples);
        this.#grantCredit();
        this.#consumedListener?.();
        break;
      case "speech":
        this.#steps.push({ kind: "speech", state: message.state, sample: message.sample });
        break;
      case "flushed":
        this.#steps.push({ kind: "flushed" });
        break;
      case "cut":
        this.#cut = true;
        this.#steps.close();
        this.#forgetWhenOver();
        break;
      case "session_failed":
        this.fail(this.#errorOf(message.error));
        break;
    }
  }

  #errorOf({ reason, details }: WireError): VoxpoolError {
    // The child knows folders; the caller knows the model by its path.
    return VoxpoolError.fromWire({ reason, details: { ...details, model_path: this.#modelPath } });
  }

  #work({ work: number, audioSeconds, endSample }: Extract<FromHost, { type: "work" }>): HostWork {
    let running: Promise<WorkDone> | undefined;
    return {
      number,
      audioSeconds,
      endSample,
      run: (expectedSeconds = 0) => {
        running ??= this.#run(number, expectedSeconds);
        return running;
      },
      isRunnable: () => this.#failure === undefined,
      over: () => this.#host.over(this.#id, number),
    };
  }

  #run(work: number, expectedSeconds: number): Promise<WorkDone> {
    if (this.#failure) return Promise.reject(this.#failure);
    const run: Run = Promise.withResolvers<WorkDone>();
    this.#runs.set(work, run);
    this.#undone.add(work);
    this.#host.grant(this.#id, work, expectedSeconds);
    return run.promise;
  }

  #finish({ work, results, decodeSeconds, hypothesis }: Extract<FromHost, { type: "done" }>): void {
    this.#runs.get(work)?.resolve({ results, decodeSeconds, ...(hypothesis && { hypothesis }) });
    this.#runs.delete(work);
    this.#undone.delete(work);
    this.#forgetWhenOver();
  }

  #isOver(): boolean {
    return this.#cut && this.#undone.size === 0;
  }

  #forgetWhenOver(): void {
    if (!this.#isOver()) return;
    this.#consumedSamples = this.#sentSamples;
    this.#host.forget(this.#id);
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    const result = this.#tail.then(step);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  async #writeFrames(samples: Float32Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    for (let at = 0; at < samples.length; at += frameSamples) {
      const frame = samples.subarray(at, at + frameSamples);
      if (!this.#hasCredit(frame.length)) await this.#credit(frame.length);
      this.#sentSamples += frame.length;
      await this.#writeFrame(frame);
    }
  }

  #hasCredit(count: number): boolean {
    return this.#sentSamples + count - this.#consumedSamples <= this.#host.windowSamples();
  }

  async #credit(count: number): Promise<void> {
    while (!this.#hasCredit(count)) {
      this.#waitsForCredit = true;
      await this.#wait(() => undefined);
    }
  }

  #grantCredit(): void {
    if (!this.#waitsForCredit) return;
    this.#waitsForCredit = false;
    this.#waiting?.resolve();
  }

  #writeFrame(frame: Float32Array | "flush"): Promise<void> {
    return this.#wait((taken) => this.#host.write(this.#id, frame, taken));
  }

  /** A promise that also the end of the session settles; there is one at a time. */
  #wait(start: (resolve: () => void) => void): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      start(resolve);
    });
  }
}
