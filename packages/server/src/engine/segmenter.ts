import type { LiveSettings, Resume, VadMode } from "./engine.ts";

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

/** A segmenter of speech that is heard as it is spoken. */
export interface LiveSegmenter extends Segmenter {
  /** What was said so far ends here, whatever follows: its segments. The stream goes on. */
  split(): readonly SpeechSegment[];
  /** The speech under way, once it is no click: its place so far, without its samples. */
  readonly open: OpenSpeech | undefined;
  /** The speech under way as a segment of what there is of it, silence behind it included. */
  copyOpen(): SpeechSegment | undefined;
}

/** Speech under way. Sample indices count from the session's first sample. */
export interface OpenSpeech {
  readonly start: number;
  /** The end of what is speech so far. */
  readonly end: number;
  /** So far it is heard; what lies behind `end` is a pause. */
  readonly heardTo: number;
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
  /** It was cut because it grew too long: speech goes on right behind it. */
  readonly goesOn?: true;
}

/** Makes segmenters that share what is costly to create. */
export interface SegmenterPool {
  /**
   * @param vad `on` unless given
   * @param resume no segment reaches into what is done with
   */
  lend(vad?: VadMode, resume?: Resume): Segmenter;
  /** As `on`, for speech that is heard as it is spoken: after each `split` the input begins anew. */
  lendLive(live: LiveSettings, resume?: Resume): LiveSegmenter;
}
