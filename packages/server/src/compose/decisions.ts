import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";

type Write = () => Promise<void>;

/**
 * What callers decide and are told that it is so: an alias, a version, a pin. It is written as it is decided; what cannot
 * be written holds all the same, and is tried again until it is kept, so that room on the disk is all that it takes.
 */
export class Decisions {
  readonly #file: string;
  readonly #log: Log;
  readonly #writing = new Set<Promise<void>>();
  /** The latest of each thing that is not kept yet: an older one must not come after it. */
  readonly #unwritten = new Map<string, Write>();
  /** Why the last write failed; undefined: it did not. */
  #failure: VoxpoolError | undefined;
  #wasTold = false;

  /** @param file where they are kept, for messages */
  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  /** @param key what is decided on: a later decision on it takes the place of this one */
  add(key: string, write: Write): void {
    this.#unwritten.set(key, write);
    void this.#write(key, write);
  }

  /** Resolves when everything that was decided is kept. @throws VoxpoolError `state_unwritable`, `server_stopping` */
  async kept(): Promise<void> {
    await Promise.all(this.#writing);
    await this.tryAgain();
    if (this.#unwritten.size > 0 && this.#failure) throw this.#failure;
  }

  /** Writes what could not be written, up to the first that cannot be now. Never rejects. */
  async tryAgain(): Promise<void> {
    await Promise.all(this.#writing);
    for (const [key, write] of this.#unwritten) {
      await this.#write(key, write);
      if (this.#failure) return;
    }
  }

  #write(key: string, write: Write): Promise<void> {
    const writing = write().then(
      () => this.#written(key, write),
      (error: unknown) => this.#failed(error),
    );
    const noted = writing.finally(() => this.#writing.delete(noted));
    this.#writing.add(noted);
    return noted;
  }

  #written(key: string, write: Write): void {
    if (this.#unwritten.get(key) === write) this.#unwritten.delete(key);
    this.#failure = undefined;
    if (this.#unwritten.size === 0) this.#wasTold = false;
  }

  /** Told once: it is tried again every few seconds. */
  #failed(error: unknown): void {
    this.#failure = this.#explained(VoxpoolError.from(error));
    if (this.#wasTold) return;
    this.#wasTold = true;
    const { reason, message } = this.#failure;
    this.#log.error({ reason, detail: message }, "A decision is not kept over a restart yet; it is tried again");
  }

  #explained(error: VoxpoolError): VoxpoolError {
    if (error.reason !== "disk_full") return error;
    return new VoxpoolError("state_unwritable", { file: this.#file, detail: "the disk is full" }, { cause: error });
  }
}
