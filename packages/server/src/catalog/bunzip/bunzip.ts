import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { BunzipMessage, BunzipTask } from "./wire.ts";

export interface BunzipOptions {
  readonly signal?: AbortSignal | undefined;
  /** A thread that gives nothing for so long while it is asked is ended: damaged input can make the decoder run for ever. */
  readonly stallMs?: number;
  /** What the thread runs; it is told a `BunzipTask`. */
  readonly script?: URL;
}

/** Pieces that may be on their way: one is written while the next is unpacked. */
const mostPieces = 2;

/**
 * What a bzip2 file unpacks to, in pieces of at most 1 MB; memory stays bounded however much it is. Whoever stops
 * taking ends the thread.
 * @throws Error if the file is damaged
 */
export async function* bunzip(path: string, options: BunzipOptions = {}): AsyncGenerator<Uint8Array, void> {
  const { signal, stallMs = 60_000, script = new URL("worker.js", import.meta.url) } = options;
  const credits = new Int32Array(new SharedArrayBuffer(4));
  credits[0] = mostPieces;
  const task: BunzipTask = { path, credits };
  const worker = new Worker(script, {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 32 },
    stderr: true,
  });
  const inbox = new Inbox(worker);
  try {
    for (;;) {
      const message = await inbox.next(stallMs, signal);
      if (message.type === "end") return;
      if (message.type === "failed") throw new Error(message.message);
      yield message.bytes;
      Atomics.add(credits, 0, 1);
      Atomics.notify(credits, 0);
    }
  } finally {
    await worker.terminate();
  }
}

/** The messages of a thread, in order, then why it ended. */
class Inbox {
  readonly #waiting: BunzipMessage[] = [];
  #arrived = Promise.withResolvers<void>();
  #death: Error | undefined;

  constructor(worker: Worker) {
    worker.on("message", (message: BunzipMessage) => {
      this.#waiting.push(message);
      this.#arrived.resolve();
    });
    const fail = (error: Error) => {
      this.#death ??= error; // Kept: it may come while a message waits to be taken.
      this.#arrived.resolve();
    };
    worker.on("error", fail).on("exit", () => fail(new Error("the thread that unpacks it ended")));
  }

  async next(stallMs: number, signal: AbortSignal | undefined): Promise<BunzipMessage> {
    signal?.throwIfAborted();
    const first = this.#waiting.shift();
    if (first !== undefined) return first;
    if (this.#death !== undefined) throw this.#death;
    await this.#wait(stallMs, signal);
    this.#arrived = Promise.withResolvers();
    return this.next(stallMs, signal);
  }

  async #wait(stallMs: number, signal: AbortSignal | undefined): Promise<void> {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(new Error("it cannot be unpacked in reasonable time")), stallMs);
    const stop = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    try {
      await Promise.race([this.#arrived.promise, aborted(stop)]);
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason as Error;
}
