/** What the audio layer promises: untrusted bytes in, 16 kHz samples out, decoded in worker threads. */

/** How headerless bytes are to be read; from `Content-Type: audio/pcm;rate=…` and its kind. */
export interface RawPcm {
  readonly rateHz: number;
  readonly channels: number;
  readonly littleEndian: boolean;
}

/** What becomes of several channels: their mean, one recording each, or only the first of them. */
export type ChannelChoice = "mix" | "split" | "first";

/** Samples of the same moments, one piece a channel, all of one length; one piece unless channels are split. */
export type AudioChunk = readonly [Float32Array, ...Float32Array[]];

export interface DecodeAudioOptions {
  /** Set: the bytes are raw 16-bit PCM. Unset: a container, recognised by content. */
  readonly raw?: RawPcm;
  /** A file that holds the bytes, all of them, until the samples have ended: what has to be there whole is read from it. */
  readonly file?: string;
  /** Longest recording that is accepted, seconds of the recording. */
  readonly maxSeconds: number;
  /** `mix` unless given. */
  readonly channels?: ChannelChoice;
  /** Set: the bytes come as they are spoken, and each is decoded as soon as it can be. */
  readonly live?: {
    /** Called when all that came is decoded as far as it can be, and was taken. */
    readonly onIdle: () => void;
  };
  /** Stops the work; iteration then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface DecodedAudio {
  /**
   * Length by the header, seconds, where the header says one that can be true; known after the first
   * chunk was read at the latest. What was really there is what counts.
   */
  readonly declaredSeconds: () => number | undefined;
  /**
   * 16 kHz chunks in [-1, 1], of as many channels from first to last; pulled, so that a slow reader slows the input. Iterate once.
   * @throws VoxpoolError `audio_unsupported`, `audio_invalid`, `audio_too_long`, `audio_missing`,
   *   `channels_too_many`
   */
  readonly samples: AsyncIterable<AudioChunk>;
}

export interface AudioDecoder {
  decode(bytes: AsyncIterable<Uint8Array>, options: DecodeAudioOptions): DecodedAudio;
  /** Ends the worker threads. */
  close(): Promise<void>;
}
