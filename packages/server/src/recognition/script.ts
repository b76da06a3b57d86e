import { Worker } from "node:worker_threads";
import { VoxpoolError } from "../base/errors.ts";
import { type Log, silentLog } from "../base/log.ts";

/** Simplified or traditional Chinese characters. */
export type Script = "hans" | "hant";

export interface ToScriptWorker {
  readonly number: number;
  readonly script: Script;
  readonly texts: readonly string[];
}

export interface FromScriptWorker {
  readonly number: number;
  readonly texts: readonly string[];
}

/** Writes Chinese in simplified or traditional characters, in a thread of its own that starts when it is needed. */
export interface ScriptConverter {
  /**
   * The texts in the script, in their order.
   * @param signal ends the waiting, with its reason
   * @throws VoxpoolError `internal` when the thread died or hung; the next text gets a fresh one. `server_stopping`
   */
  convert(texts: readonly string[], script: Script, signal?: AbortSignal): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface ScriptConverterOptions {
  /** Of the thread. */
  readonly entry?: URL;
  /** How long a thread is kept that has nothing to do: the dictionaries take 100 MB. */
  readonly idleMs?: number;
  /** A thread that has something to do and answers nothing for so long has gone wrong, and is ended. */
  readonly stallMs?: number;
  readonly log?: Log;
}

export function createScriptConverter(options: ScriptConverterOptions = {}): ScriptConverter {
  const {
    entry = new URL("./script-worker.js", import.meta.url),
    idleMs = 60_000,
    stallMs = 10_000,
    log = silentLog,
  } = options;
  let thread: ScriptThread | undefined;
  let closed = false;
  return {
    async convert(texts, script, signal) {
      if (closed) throw new VoxpoolError("server_stopping");
      signal?.throwIfAborted();
      if (thread === undefined || thread.ended) thread = new ScriptThread({ entry, idleMs, stallMs, log });
      return thread.convert(texts, script, signal);
    },
    async close() {
      closed = true;
      await thread?.end();
    },
  };
}

/** One life of the thread; it does not keep the process alive while it has nothing to do. */
class ScriptThread {
  ended = false;
  readonly #worker: Worker;
  readonly #options: Required<ScriptConverterOptions>;
  readonly #waiting = new Map<number, PromiseWithResolvers<readonly string[]>>();
  /** Runs out when the thread has been idle, or has kept somebody waiting, for too long. */
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  /** Those that nobody waits for any more included. */
  #unanswered = 0;

  constructor(options: Required<ScriptConverterOptions>) {
    this.#options = options;
    // The flags of this process (a debugger's port, --input-type) are not meant for the thread.
    this.#worker = new Worker(options.entry, { execArgv: [] });
    this.#worker.unref();
    this.#worker.on("message", (message: FromScriptWorker) => this.#receive(message));
    this.#worker.on("error", (error) => this.#die(error));
    this.#worker.on("exit", (code) => this.#die(new Error(`the thread ended with code ${code}`)));
  }

  async convert(texts: readonly string[], script: Script, signal?: AbortSignal): Promise<readonly string[]> {
    const answer = Promise.withResolvers<readonly string[]>();
    const message: ToScriptWorker = { number: this.#sent++, script, texts };
    this.#waiting.set(message.number, answer);
    if (this.#unanswered++ === 0) this.#watch();
    this.#worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    this.#worker.postMessage(message);
    const leave = () => answer.reject(signal?.reason);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await answer.promise;
    } finally {
      signal?.removeEventListener("abort", leave);
      this.#waiting.delete(message.number);
    }
  }

  async end(): Promise<void> {
    this.#fail(new VoxpoolError("server_stopping"));
    await this.#worker.terminate();
  }

  #receive({ number, texts }: FromScriptWorker): void {
    if (this.ended) return;
    this.#waiting.get(number)?.resolve(texts);
    this.#unanswered--;
    if (this.#unanswered > 0) this.#watch();
    else this.#rest();
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#worker.unref();
    this.#timer = setTimeout(() => void this.end(), this.#options.idleMs).unref();
  }

  #watch(): void {
    const { stallMs } = this.#options;
    clearTimeout(this.#timer);
    // If this process was held up, the answer may be there already: let it be read first.
    const expire = () => setImmediate(() => this.#timer === timer && this.#expire());
    const timer = setTimeout(expire, stallMs);
    this.#timer = timer;
  }

  #expire(): void {
    this.#die(new Error(`the thread did not answer within ${this.#options.stallMs / 1000} seconds`));
    void this.#worker.terminate();
  }

  #die(err: unknown): void {
    if (!this.ended) this.#options.log.error({ err }, "the thread that writes Chinese in the other script died");
    this.#fail(new VoxpoolError("internal", {}, { cause: err }));
  }

  #fail(error: VoxpoolError): void {
    this.ended = true;
    clearTimeout(this.#timer);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
