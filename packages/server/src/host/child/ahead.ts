import type { RecognizedSpan } from "../../engine/engine.ts";
import type { SpeechSegment } from "../../engine/segmenter.ts";

/** A decode that is over. */
export interface Decoded {
  readonly results: readonly RecognizedSpan[];
  readonly decodeSeconds: number;
}

/** So much of the pause behind speech has to be in what was decoded: models clip the last word without it. */
export const leastPauseSamples = 3_200;

/**
 * The last decode of speech under way. When a pause ends that speech its final is there already, if it was decoded in
 * that pause: only the silence behind it was shorter.
 */
export class Ahead {
  #last: { readonly segment: SpeechSegment; readonly decoding: Promise<Decoded> } | undefined;

  keep(segment: SpeechSegment, decoding: Promise<Decoded>): void {
    this.#last = hasPause(segment) ? { segment, decoding } : undefined;
  }

  /** The decode of the same speech, under way or over. It is given once. */
  take(segment: SpeechSegment): Promise<Decoded> | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last !== undefined && isSame(last.segment, segment) ? last.decoding : undefined;
  }
}

/** Whether a segment ends with so much of a pause. */
export const hasPause = ({ end, samplesFrom, samples }: SpeechSegment): boolean =>
  samplesFrom + samples.length - end >= leastPauseSamples;

const isSame = (one: SpeechSegment, other: SpeechSegment): boolean =>
  one.start === other.start && one.end === other.end && one.samplesFrom === other.samplesFrom;
