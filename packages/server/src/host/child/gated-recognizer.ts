import { type FrameRecognizer, type RecognizedSpan, sampleRateHz } from "../../engine/engine.ts";
import { frameSamples, paddingSamples } from "../../engine/vad/detector.ts";
import { EnergyDetector } from "../../engine/vad/energy.ts";
import { Placement } from "./placement.ts";

/** Engines that look far ahead show the last word only so long behind it. */
const longestLagSeconds = 2;

/**
 * A recogniser that need not decode silence: when nothing is heard any more, and what was said is final, the rest of
 * the silence is left out, but for 300 ms before what comes next. Times stay those of the stream. Engines that follow
 * a stream bring no model that knows speech, so silence is what cannot be heard.
 */
export class GatedRecognizer implements FrameRecognizer {
  readonly #inner: FrameRecognizer;
  readonly #ear = new EnergyDetector();
  readonly #placement = new Placement();
  readonly #lagSamples: number;
  #takenSamples = 0;
  /** The last silence that was left out, with its place; at most the padding. */
  #held = new Float32Array(0);
  #isOpen = true;
  #quietSamples = 0;

  /** @param lagSeconds after so much silence everything that was said is in the hypothesis, or final */
  constructor(inner: FrameRecognizer, lagSeconds = longestLagSeconds) {
    this.#inner = inner;
    this.#lagSamples = lagSeconds * sampleRateHz;
  }

  async accept(samples: Float32Array): Promise<readonly RecognizedSpan[]> {
    const at = this.#takenSamples;
    const wanted = this.#wanted(samples);
    this.#takenSamples += samples.length;
    if (wanted === undefined) return [];
    this.#placement.pass(at + samples.length - wanted.length, wanted.length);
    const spans = (await this.#inner.accept(wanted)).map((span) => this.#placement.placed(span));
    if (this.#quietSamples >= this.#lagSamples && this.#isSaid()) {
      this.#isOpen = false;
      this.#placement.forgetBefore(this.#takenSamples);
    }
    return spans;
  }

  hypothesis(): RecognizedSpan | undefined {
    const span = this.#inner.hypothesis?.();
    return span && this.#placement.placed(span);
  }

  async flush(): Promise<RecognizedSpan | undefined> {
    const span = await this.#inner.flush?.();
    return span && this.#placement.placed(span);
  }

  async finish(): Promise<RecognizedSpan | undefined> {
    const span = await this.#inner.finish();
    return span && this.#placement.placed(span);
  }

  close(): void {
    this.#inner.close();
  }

  /** What the recogniser is to have of these samples and of what is held: all from some place on to their end. */
  #wanted(samples: Float32Array): Float32Array | undefined {
    const first = this.#listen(samples);
    if (this.#isOpen) return samples;
    const all = joined(this.#held, samples);
    if (first === undefined) {
      this.#held = all.slice(Math.max(0, all.length - paddingSamples));
      return undefined;
    }
    this.#isOpen = true;
    const from = this.#held.length + first - paddingSamples;
    this.#held = new Float32Array(0);
    return all.slice(Math.max(0, from));
  }

  /** Where something can be heard first; counts the silence behind the last of it. */
  #listen(samples: Float32Array): number | undefined {
    let first: number | undefined;
    for (let at = 0; at < samples.length; at += frameSamples) {
      const block = samples.subarray(at, at + frameSamples);
      if (this.#ear.isSpeech(block)) {
        first ??= at;
        this.#quietSamples = 0;
      } else {
        this.#quietSamples += block.length;
      }
    }
    return first;
  }

  /** Whether everything that was said is final; one that does not say is never taken to be. */
  #isSaid(): boolean {
    if (this.#inner.hypothesis === undefined) return false;
    return (this.#inner.hypothesis()?.text ?? "").trim() === "";
  }
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const all = new Float32Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
