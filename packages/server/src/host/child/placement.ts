import { type RecognizedSpan, type RecognizedWord, sampleRateHz } from "../../engine/engine.ts";

/** A place from which on the recogniser's samples lie later in the session, by so many. */
interface Gap {
  readonly from: number;
  readonly shift: number;
}

interface Times {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** Where a recogniser's samples, of which some were left out, lie in the session; gives its times their place. */
export class Placement {
  readonly #gaps: Gap[] = [];
  #passedSamples = 0;

  /** So many samples go to the recogniser, the first of which is the session's `from`. */
  pass(from: number, count: number): void {
    const shift = from - this.#passedSamples;
    if (shift !== (this.#gaps.at(-1)?.shift ?? 0)) this.#gaps.push({ from: this.#passedSamples, shift });
    this.#passedSamples += count;
  }

  /** No times before this session's sample are asked for any more. */
  forgetBefore(sample: number): void {
    const needed = this.#gaps.findLastIndex(({ from, shift }) => from + shift <= sample);
    if (needed > 0) this.#gaps.splice(0, needed);
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

  #placedTimes({ startSeconds, endSeconds }: Times): Times {
    const start = startSeconds * sampleRateHz;
    const startShift = this.#gaps.findLast(({ from }) => from <= start)?.shift ?? 0;
    // What ends where a gap begins ends before it.
    const endShift = this.#gaps.findLast(({ from }) => from < endSeconds * sampleRateHz)?.shift ?? startShift;
    return {
      startSeconds: startSeconds + startShift / sampleRateHz,
      endSeconds: endSeconds + Math.max(startShift, endShift) / sampleRateHz,
    };
  }
}
