import { Worker } from "node:worker_threads";
import { VoxpoolError } from "../base/errors.ts";
import type { Store } from "./store.ts";
import type { FromStore, Notice, Row, Statement, StoreThreadData, ToStore, Value } from "./wire.ts";

interface Waiting {
  readonly statements: readonly Statement[];
  readonly resolve: () => void;
  readonly reject: (error: VoxpoolError) => void;
}

/** Writes that share a transaction at most. */
const mostTogether = 500;

/** The main thread's side. While the thread writes, further writes gather; they go together when it is done. */
export class StoreThread implements Store {
  readonly opened: Promise<readonly Notice[]>;
  readonly #opening = Promise.withResolvers<readonly Notice[]>();
  readonly #exited = Promise.withResolvers<void>();
  readonly #worker: Worker;
  readonly #file: string;
  readonly #mostWaiting: number;
  #gathering: Waiting[] = [];
  #writing: readonly Waiting[] = [];
  readonly #reading = new Map<number, PromiseWithResolvers<readonly Row[]>>();
  #reads = 0;
  #closed = false;
  /** Why it takes nothing more. */
  #ended: VoxpoolError | undefined;

  constructor(data: StoreThreadData, mostWaiting: number) {
    this.opened = this.#opening.promise;
    this.#file = data.file ?? "";
    this.#mostWaiting = mostWaiting;
    // The flags of this process (a debugger's port, --input-type) are not meant for the thread.
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), { execArgv: [], workerData: data });
    this.#worker.on("message", (message: FromStore) => this.#receive(message));
    this.#worker.on("error", (error) => this.#end(error.message));
    this.#worker.on("exit", () => this.#end("its thread has ended"));
  }

  write(...statements: readonly Statement[]): Promise<void> {
    const refusal = this.#refusal();
    if (refusal) return Promise.reject(refusal);
    if (this.#gathering.length >= this.#mostWaiting)
      return Promise.reject(this.#unwritable("too many writes wait for the disk"));
    return new Promise((resolve, reject) => {
      this.#gathering.push({ statements, resolve, reject });
      this.#sendGathered();
    });
  }

  read(sql: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    return this.#ask((number) => ({ type: "read", number, statement: { sql, values } }));
  }

  async backUp(file: string): Promise<void> {
    await this.#ask((number) => ({ type: "backup", number, file }));
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#worker.ref();
      this.#sendGathered(true);
      this.#send({ type: "close" });
    }
    await this.#exited.promise;
  }

  #ask(message: (number: number) => ToStore): Promise<readonly Row[]> {
    const refusal = this.#refusal();
    if (refusal) return Promise.reject(refusal);
    const answer = Promise.withResolvers<readonly Row[]>();
    const number = this.#reads++;
    this.#reading.set(number, answer);
    // Behind what was written before; those writes are then not gathered any longer.
    this.#sendGathered(true);
    this.#send(message(number));
    return answer.promise;
  }

  #refusal(): VoxpoolError | undefined {
    return this.#closed ? new VoxpoolError("server_stopping") : this.#ended;
  }

  /** @param atOnce also while the thread still writes */
  #sendGathered(atOnce = false): void {
    if (this.#writing.length > 0 && !atOnce) return;
    while (this.#gathering.length > 0) {
      const together = this.#gathering.splice(0, mostTogether);
      this.#writing = [...this.#writing, ...together];
      this.#send({ type: "write", writes: together.map(({ statements }) => statements) });
      if (!atOnce) return;
    }
  }

  #send(message: ToStore): void {
    this.#worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    this.#worker.postMessage(message);
  }

  #receive(message: FromStore): void {
    if (message.type === "opened") this.#opening.resolve(message.notices);
    else if (message.type === "refused") this.#opening.reject(VoxpoolError.fromWire(message.error));
    else if (message.type === "written") this.#settle(message.failures);
    else {
      const reading = this.#reading.get(message.number);
      this.#reading.delete(message.number);
      if (message.type === "rows") reading?.resolve(message.rows);
      else reading?.reject(VoxpoolError.fromWire(message.error));
    }
    this.#restIfIdle();
  }

  #settle(failures: Extract<FromStore, { type: "written" }>["failures"]): void {
    const done = this.#writing.slice(0, failures.length);
    this.#writing = this.#writing.slice(failures.length);
    for (const [index, { resolve, reject }] of done.entries()) {
      const failure = failures[index];
      if (failure === undefined) resolve();
      else reject(VoxpoolError.fromWire(failure));
    }
    this.#sendGathered();
  }

  /** It does not keep the process alive while it has nothing to do. */
  #restIfIdle(): void {
    if (this.#writing.length === 0 && this.#reading.size === 0 && !this.#closed) this.#worker.unref();
  }

  #end(detail: string): void {
    this.#ended ??= this.#unwritable(detail);
    this.#opening.reject(this.#ended);
    for (const { reject } of [...this.#writing, ...this.#gathering]) reject(this.#ended);
    for (const { reject } of this.#reading.values()) reject(this.#ended);
    this.#writing = [];
    this.#gathering = [];
    this.#reading.clear();
    this.#exited.resolve();
  }

  #unwritable(detail: string): VoxpoolError {
    return new VoxpoolError("state_unwritable", { file: this.#file, detail });
  }
}
