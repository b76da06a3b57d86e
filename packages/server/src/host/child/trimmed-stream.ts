import { type RecognizedSpan, type RecognizedWord, sampleRateHz } from "../../engine/engine.ts";
import { EnergyDetector } from "../../engine/vad/energy.ts";
import { type Passage, Trimmer } from "../../engine/vad/trimmer.ts";

/** Well inside the window of a session, or it would wait for itself. */
const longestPauseSeconds = 5;

/** A place from which on the recogniser's samples lie later in the session, by so many. */
interface Gap {
  readonly from: number;
  readonly shift: number;
}

/**
 * A stream without the silence at its ends, for engines that follow a stream; these bring no model that knows speech,
 * so silence is what cannot be heard. It gives the recogniser's times their place in the session.
 */
export class TrimmedStream {
  readonly #trimmer = new Trimmer({ detector: new EnergyDetector(), longestPauseSeconds });
  readonly #gaps: Gap[] = [];
  #takenSamples = 0;
  #passedSamples = 0;

  /** Samples that came in and did not go out, nor were taken off. */
  get heldSamples(): number {
    return this.#takenSamples - this.#trimmer.heldFrom;
  }

  push(samples: Float32Array): readonly Float32Array[] {
    this.#takenSamples += samples.length;
    return this.#trimmer.push(samples).map((passage) => this.#note(passage));
  }

  flush(): readonly Float32Array[] {
    return this.#trimmer.flush().map((passage) => this.#note(passage));
  }

  /** The session's sample behind the recogniser's first so many. */
  placeOf(samples: number): number {
    return samples + (this.#gaps.findLast(({ from }) => from < samples)?.shift ?? 0);
  }

  /** A span that counts from the recogniser's first sample, as one that counts from the session's. */
  placed(span: RecognizedSpan): RecognizedSpan {
    const times = this.#placedTimes(span);
    return span.words
      ? { ...span, ...times, words: span.words.map((word) => this.#placedWord(word)) }
      : { ...span, ...times };
  }

  #placedWord(word: RecognizedWord): RecognizedWord {
    return { ...word, ...this.#placedTimes(word) };
  }

  #placedTimes({ startSeconds, endSeconds }: { readonly startSeconds: number; readonly endSeconds: number }) {
    const start = startSeconds * sampleRateHz;
    const startShift = this.#gaps.findLast(({ from }) => from <= start)?.shift ?? 0;
    // What ends where a gap begins ends before it.
    const endShift = this.#gaps.findLast(({ from }) => from < endSeconds * sampleRateHz)?.shift ?? startShift;
    return {
      startSeconds: startSeconds + startShift / sampleRateHz,
      endSeconds: endSeconds + Math.max(startShift, endShift) / sampleRateHz,
    };
  }

  #note({ from, samples }: Passage): Float32Array {
    const shift = from - this.#passedSamples;
    if (shift !== (this.#gaps.at(-1)?.shift ?? 0)) this.#gaps.push({ from: this.#passedSamples, shift });
    this.#passedSamples += samples.length;
    return samples;
  }
}
