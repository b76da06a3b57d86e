import { VoxpoolError, type WireError } from "../../base/errors.ts";
import type { FromHost } from "../wire.ts";
import { AsyncQueue } from "./queue.ts";
import type { HostSession, HostWork, WorkDone } from "./types.ts";

/** What a session asks of its host. */
export interface SessionHost {
  /** Writes one frame; `taken` when `samples` may be used again. */
  write(session: number, samples: Float32Array, taken: () => void): void;
  grant(session: number, work: number, expectedSeconds: number): void;
  /** The process runs a granted work no more. */
  over(session: number, work: number): Promise<void>;
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
  readonly #works = new AsyncQueue<HostWork>();
  readonly #runs = new Map<number, Run>();
  /** Writes of a session happen one after the other. */
  #tail: Promise<void> = Promise.resolve();
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  #waitsForCredit = false;
  #sentSamples = 0;
  #consumedSamples = 0;
  #consumedListener: (() => void) | undefined;
  #announced = 0;
  #done = 0;
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

  works(): AsyncIterable<HostWork> {
    return this.#works;
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
    this.#works.fail(error);
    this.#waiting?.reject(error);
    for (const run of this.#runs.values()) run.reject(error);
    this.#runs.clear();
    this.#host.forget(this.#id);
  }

  /** Takes a message of the child about this session. */
  receive(message: Extract<FromHost, { session: number }>): void {
    switch (message.type) {
      case "work":
        this.#announced += 1;
        this.#works.push(this.#work(message));
        break;
      case "done":
        this.#finish(message);
        break;
      case "consumed":
        this.#consumedSamples = Math.max(this.#consumedSamples, message.samples);
        this.#grantCredit();
        this.#consumedListener?.();
        break;
      case "cut":
        this.#cut = true;
        this.#works.close();
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
    return {
      number,
      audioSeconds,
      endSample,
      run: (expectedSeconds = 0) => this.#run(number, expectedSeconds),
      isRunnable: () => this.#failure === undefined,
      over: () => this.#host.over(this.#id, number),
    };
  }

  #run(work: number, expectedSeconds: number): Promise<WorkDone> {
    if (this.#failure) return Promise.reject(this.#failure);
    const running = this.#runs.get(work);
    if (running) return running.promise;
    const run: Run = Promise.withResolvers<WorkDone>();
    this.#runs.set(work, run);
    this.#host.grant(this.#id, work, expectedSeconds);
    return run.promise;
  }

  #finish({ work, results, decodeSeconds }: Extract<FromHost, { type: "done" }>): void {
    this.#runs.get(work)?.resolve({ results, decodeSeconds });
    this.#done += 1;
    this.#forgetWhenOver();
  }

  #isOver(): boolean {
    return this.#cut && this.#done === this.#announced;
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

  #writeFrame(frame: Float32Array): Promise<void> {
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
