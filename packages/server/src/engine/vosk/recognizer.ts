import { VoxpoolError } from "../../base/errors.ts";
import { type FrameRecognizer, type RecognizedSpan, sampleRateHz } from "../engine.ts";
import type { Handle, VoskLibrary } from "./library.ts";
import { parseVoskResult } from "./result.ts";

/**
 * Samples for one native call, 0.2 s: libvosk looks for the end of an utterance only after each call, so that a
 * whole file in one call would be one utterance, with all its memory.
 */
const stepSamples = sampleRateHz / 5;

/** libvosk wants floats of the size that 16-bit samples have. */
const fullScale = 32_768;

/** What makes and frees native recognisers, one at a time for a model. */
export interface RecognizerSource {
  readonly library: VoskLibrary;
  create(): Promise<Handle>;
  free(handle: Handle): Promise<void>;
}

/** One stream through libvosk. The native part is made with the first samples and freed by `close`. */
export class VoskRecognizer implements FrameRecognizer {
  readonly #source: RecognizerSource;
  readonly #withWords: boolean;
  readonly #step = new Float32Array(stepSamples);
  #handle: Handle | undefined;
  #busy = false;
  #closed = false;

  constructor(source: RecognizerSource, withWords: boolean) {
    this.#source = source;
    this.#withWords = withWords;
  }

  accept(samples: Float32Array): Promise<readonly RecognizedSpan[]> {
    return this.#exclusively(async () => {
      const spans: RecognizedSpan[] = [];
      for (let from = 0; from < samples.length && !this.#closed; from += stepSamples) {
        const span = await this.#acceptStep(samples.subarray(from, from + stepSamples));
        if (span !== undefined) spans.push(span);
      }
      return spans;
    });
  }

  finish(): Promise<RecognizedSpan | undefined> {
    return this.#exclusively(async () => {
      if (this.#handle === undefined) return undefined;
      return parseVoskResult(await this.#source.library.finalResult(this.#handle), this.#withWords);
    });
  }

  close(): void {
    this.#closed = true;
    if (!this.#busy) this.#release();
  }

  async #acceptStep(samples: Float32Array): Promise<RecognizedSpan | undefined> {
    const { library } = this.#source;
    this.#handle ??= await this.#source.create();
    scaleInto(this.#step, samples);
    const ended = await library.accept(this.#handle, this.#step, samples.length);
    if (ended < 0) throw new VoxpoolError("decode_failed", { detail: "libvosk refused the samples" });
    if (ended === 0) return undefined;
    return parseVoskResult(await library.result(this.#handle), this.#withWords);
  }

  /** Native calls of one recogniser that overlap corrupt its memory, and so does a free in the middle of one. */
  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy || this.#closed) {
      const detail = this.#closed ? "the recogniser is closed" : "calls of one recogniser overlap";
      throw new VoxpoolError("decode_failed", { detail });
    }
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
      if (this.#closed) this.#release();
    }
  }

  #release(): void {
    const handle = this.#handle;
    this.#handle = undefined;
    if (handle !== undefined) void this.#source.free(handle);
  }
}

/** NaN becomes silence: Kaldi's features never recover from one. */
function scaleInto(target: Float32Array, samples: Float32Array): void {
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] ?? 0;
    target[i] = Number.isNaN(sample) ? 0 : Math.max(-1, Math.min(1, sample)) * fullScale;
  }
}
