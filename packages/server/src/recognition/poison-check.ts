import { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { PoisonMark, PoisonMemory } from "./poison.ts";
import type { Written } from "./written.ts";

/** Compares what is written in one session with what is known as poison. */
export class PoisonCheck {
  readonly #memory: PoisonMemory;
  readonly #folder: ModelFolder;
  readonly #written: Written;

  constructor(memory: PoisonMemory, folder: ModelFolder, written: Written) {
    this.#memory = memory;
    this.#folder = folder;
    this.#written = written;
  }

  /**
   * Checks what was written after a sample.
   * @param files tell the files of the model apart
   * @throws VoxpoolError `request_poisonous`
   */
  since(sample: number, files = ""): void {
    const model = { directory: this.#folder.directory, files };
    for (const samples of this.#memory.positionsOf(model)) {
      if (samples <= sample || samples > this.#written.to) continue;
      const digest = this.#written.digestAt(samples);
      if (digest !== undefined && this.#memory.has({ ...model, samples, digest })) throw this.#refusal();
    }
  }

  /** Checks everything that may still be decoded. @throws VoxpoolError `request_poisonous` */
  all(files?: string): void {
    this.since(this.#written.from, files);
  }

  /** Remembers what was written before a sample. */
  remember(samples: number, files = ""): PoisonMark | undefined {
    const digest = this.#written.digestAt(samples);
    if (digest === undefined) return undefined;
    const mark = { directory: this.#folder.directory, files, samples, digest };
    this.#memory.add(mark);
    return mark;
  }

  #refusal(): VoxpoolError {
    const detail = "it is known from an earlier request";
    return new VoxpoolError("request_poisonous", { model_path: this.#folder.modelPath, detail });
  }
}

/** What a session ends with whose audio has been proven to end processes. @param death how the last of them ended */
export function provenBy({ details }: VoxpoolError, model_path: string): VoxpoolError {
  const { detail, idle_seconds } = details;
  const how = detail ?? `it did not answer for ${idle_seconds} seconds`;
  return new VoxpoolError("request_poisonous", { model_path, detail: how });
}
