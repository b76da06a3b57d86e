import { sampleRateHz } from "../../engine/engine.ts";
import type { SpeechSegment } from "../../engine/segmenter.ts";

/** What is longer, its padding included, is no word or two that a model missed. */
const longestSamples = 3 * sampleRateHz;

/** What begins later is something else. */
const longestGapSamples = 2 * sampleRateHz;

/**
 * Keeps an utterance in which nothing was heard, to be heard once more with the next one: models miss a word or two
 * that stand alone, and know them with what follows.
 */
export class Unheard {
  readonly #maxSamples: number;
  #kept: SpeechSegment | undefined;

  /** @param maxSamples what is joined is never longer */
  constructor(maxSamples: number) {
    this.#maxSamples = maxSamples;
  }

  keep(segment: SpeechSegment): void {
    if (segment.samples.length <= longestSamples && !segment.goesOn) this.#kept = segment;
  }

  forget(): void {
    this.#kept = undefined;
  }

  /** What was kept, if the utterance that begins at a sample is the next one; it is given once. */
  takeBefore(start: number): SpeechSegment | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    return kept !== undefined && start >= kept.end && start - kept.end <= longestGapSamples ? kept : undefined;
  }

  /** Both as one, with silence in place of the pause between them that was dropped; the second alone if it has no room. */
  join(first: SpeechSegment | undefined, second: SpeechSegment): SpeechSegment {
    if (first === undefined) return second;
    const at = second.samplesFrom - first.samplesFrom;
    const length = at + second.samples.length;
    if (length > this.#maxSamples) return second;
    const samples = new Float32Array(length);
    samples.set(first.samples);
    samples.set(second.samples, at);
    return { ...second, start: first.start, samplesFrom: first.samplesFrom, samples };
  }
}
