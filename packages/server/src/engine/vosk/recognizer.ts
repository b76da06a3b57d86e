import { VoxpoolError } from "../../base/errors.ts";
import { type FrameRecognizer, type RecognizedSpan, type SessionOptions, sampleRateHz } from "../engine.ts";
import { Exclusive } from "../exclusive.ts";
import type { Native, Natives, Wanted } from "./natives.ts";
import { parseVoskPartial, parseVoskResult } from "./result.ts";
import { Utterance } from "./utterance.ts";

/**
 * Samples for one native call, 0.2 s: libvosk looks for the end of an utterance only after each call, so that a
 * whole file in one call would be one utterance, with all its memory.
 */
const stepSamples = sampleRateHz / 5;

/** libvosk wants floats of the size that 16-bit samples have. */
const fullScale = 32_768;

/**
 * After so much audio a session goes on with another native recogniser, at the end of an utterance: they grow as
 * long as they run, and keep their times as single-precision floats.
 */
const renewedSamples = 600 * sampleRateHz;

const nothing = new Float32Array(1);

/** One stream through libvosk. It takes a native recogniser with its first samples; `close` gives it back. */
export class VoskRecognizer implements FrameRecognizer {
  readonly #natives: Natives;
  readonly #withWords: boolean;
  readonly #wanted: Wanted;
  readonly #exclusive = new Exclusive(() => this.#release());
  readonly #utterance: Utterance;
  readonly #step = new Float32Array(stepSamples);
  #native: Native | undefined;
  /** Samples of this session, all native recognisers together. */
  #samples = 0;
  #clean = false;

  constructor(natives: Natives, options: SessionOptions, wanted: Wanted) {
    this.#natives = natives;
    this.#withWords = options.words;
    this.#wanted = wanted;
    this.#utterance = new Utterance(options.live);
  }

  accept(samples: Float32Array): Promise<readonly RecognizedSpan[]> {
    return this.#exclusive.run(async () => {
      const spans: RecognizedSpan[] = [];
      for (let from = 0; from < samples.length && !this.#exclusive.isClosed; from += stepSamples) {
        const span = await this.#acceptStep(samples.subarray(from, from + stepSamples));
        if (span !== undefined) spans.push(span);
      }
      return spans;
    });
  }

  hypothesis(): RecognizedSpan | undefined {
    if (this.#exclusive.isBusy || this.#exclusive.isClosed || this.#native === undefined) return undefined;
    const text = this.#partial(this.#native);
    if (text === "") return undefined;
    const endSeconds = this.#samples / sampleRateHz;
    return { text, startSeconds: Math.min(this.#utterance.startSeconds, endSeconds), endSeconds };
  }

  flush(): Promise<RecognizedSpan | undefined> {
    return this.#exclusive.run(() => this.#flush());
  }

  finish(): Promise<RecognizedSpan | undefined> {
    return this.#exclusive.run(() => this.#flush());
  }

  close(): void {
    this.#exclusive.close();
  }

  async #acceptStep(samples: Float32Array): Promise<RecognizedSpan | undefined> {
    const { library } = this.#natives;
    this.#native ??= await this.#natives.take(this.#wanted);
    const native = this.#native;
    const { handle } = native;
    this.#clean = false;
    scaleInto(this.#step, samples);
    native.samples += samples.length;
    this.#samples += samples.length;
    const ended = await library.accept(handle, this.#step, samples.length);
    if (ended < 0) throw new VoxpoolError("decode_failed", { detail: "libvosk refused the samples" });
    if (this.#utterance.isFollowed) this.#partial(native);
    if (ended === 0 || this.#utterance.goesOn(this.#samples)) return undefined;
    const span = this.#toSpan(await library.result(handle));
    this.#utterance.begin(this.#samples);
    if (native.samples >= renewedSamples) this.#release();
    return span;
  }

  #partial({ handle }: Native): string {
    const text = parseVoskPartial(this.#natives.library.partialResult(handle));
    this.#utterance.hear(text, this.#samples);
    return text;
  }

  /** `finalResult` alone leaves the recogniser as it is when an utterance has just ended; no samples begin another. */
  async #flush(): Promise<RecognizedSpan | undefined> {
    if (this.#native === undefined) return undefined;
    const { handle } = this.#native;
    await this.#natives.library.accept(handle, nothing, 0);
    const span = this.#toSpan(await this.#natives.library.finalResult(handle));
    this.#clean = true;
    this.#utterance.begin(this.#samples);
    return span;
  }

  #toSpan(json: string): RecognizedSpan | undefined {
    const shiftSeconds = (this.#samples - (this.#native?.samples ?? 0)) / sampleRateHz;
    return parseVoskResult(json, shiftSeconds, this.#withWords);
  }

  #release(): void {
    if (this.#native !== undefined) this.#natives.giveBack(this.#native, this.#clean);
    this.#native = undefined;
  }
}

/** NaN becomes silence: Kaldi's features never recover from one. */
function scaleInto(target: Float32Array, samples: Float32Array): void {
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] ?? 0;
    target[i] = Number.isNaN(sample) ? 0 : Math.max(-1, Math.min(1, sample)) * fullScale;
  }
}
