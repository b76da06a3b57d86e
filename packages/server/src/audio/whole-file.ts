import type { Spool, SpoolFile } from "../base/spool.ts";
import { damaged } from "./format.ts";

/** A recording on the disk, for as long as it is read. */
export class WholeFile {
  readonly #spool: Pick<Spool, "file">;
  #file: SpoolFile | undefined;
  /** What is done to the file, one after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(spool: Pick<Spool, "file">) {
    this.#spool = spool;
  }

  /** @throws VoxpoolError `disk_full` */
  append(bytes: Uint8Array): Promise<void> {
    this.#file ??= this.#spool.file();
    const file = this.#file;
    this.#work = this.#work.then(() => file.append(bytes));
    return this.#work;
  }

  /** @returns where it is, now that all of it is there */
  async complete(): Promise<string> {
    await this.#work;
    await this.#file?.close();
    const path = this.#file?.path();
    if (path === undefined) throw damaged("it ends too early");
    return path;
  }

  /** Keeps it until some work with it is done. */
  use<T>(work: Promise<T>): Promise<T> {
    this.#work = work.then(nothing, nothing);
    return work;
  }

  async remove(): Promise<void> {
    await this.#work.catch(() => undefined);
    await this.#file?.remove();
  }
}

function nothing(): void {}
