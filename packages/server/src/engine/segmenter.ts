import type { Resume, VadMode } from "./engine.ts";

/** Cuts a stream of samples into segments of speech. One object serves one session at a time. */
export interface Segmenter {
  /** Takes samples in any chunk size; gives the segments that were completed, in order. */
  push(samples: Float32Array): readonly SpeechSegment[];
  /** No more samples: the last segments. */
  flush(): readonly SpeechSegment[];
  /** Index of the first session sample that the segmenter still holds; everything before it is free. */
  readonly heldFrom: number;
  /** Gives pooled parts back. Safe to call twice. */
  close(): void;
}

/** Sample indices count from the session's first sample. */
export interface SpeechSegment {
  /** Where speech starts and ends, without the padding. */
  readonly start: number;
  readonly end: number;
  /** Index of `samples[0]`; before `start` by the padding. */
  readonly samplesFrom: number;
  /** The real signal from `samplesFrom` on, padding on both sides included. Owned by the receiver. */
  readonly samples: Float32Array;
}

/** Makes segmenters that share what is costly to create. */
export interface SegmenterPool {
  /**
   * @param vad `on` unless given
   * @param resume no segment reaches into what is done with
   */
  lend(vad?: VadMode, resume?: Resume): Segmenter;
}
