/** Coded sound: packets that a container was taken apart into, and what decodes them. */

import { VoxpoolError } from "../../base/errors.ts";
import { mostPieceBytes } from "../format.ts";

export type CodecName = "opus" | "vorbis" | "flac" | "mp3" | "aac";

/** What a decoder has to know before the first packet. Plain data, small: it travels with every step. */
export interface CodecSetup {
  readonly codec: CodecName;
  readonly channels: number;
  /** Rate of the samples that come out. */
  readonly rateHz: number;
  /** Header packets, as the codec has them. */
  readonly headers: readonly Uint8Array[];
}

/** Packets of one stream of sound, in order. "Frames" are moments: a sample of each channel. */
export interface Coded {
  readonly setup: CodecSetup;
  /** Number of the stream in its file: files can be several recordings, one behind the other. */
  readonly stream: number;
  readonly packets: readonly Uint8Array[];
  /** Instead of packets: silence, since by its container nothing is there. */
  readonly gapSeconds?: number;
  /** Frames at the beginning of the stream that are not part of the recording: encoders need a run-up. */
  readonly skipFrames?: number;
  /** Frames of the recording, after those; once it is known. */
  readonly totalFrames?: number;
}

/**
 * A decoder without a memory. What a packet sounds like depends on a few packets before it and on nothing
 * else, so a fresh decoder that is given those first goes on where another one stopped: in any thread, and with
 * nothing of another recording left in it.
 */
export interface Codec {
  /** Packets before a packet that it depends on. */
  readonly runUpPackets: number;
  readonly step: CodecStep;
  /** Seconds of sound that are about as dear to decode as a start of this decoder. */
  readonly startSeconds: number;
  /** Digital silence takes more; what takes less is no recording. */
  readonly leastBytesASecond: number;
  /** Rate and channels by the packet itself, for codecs whose packets tell; `setup` is what the container says. */
  setupOf?(packet: Uint8Array, setup: CodecSetup): CodecSetup;
  /** Frames that a packet becomes, at most. */
  mostFrames(packet: Uint8Array, setup: CodecSetup): number;
  /**
   * @param runUp packets right before `packets`, decoded but not given out; empty at the beginning
   * @param signal ends a program that decodes; what comes out then is good for nothing
   * @returns what `packets` become
   * @throws VoxpoolError
   */
  decode(
    setup: CodecSetup,
    runUp: readonly Uint8Array[],
    packets: readonly Uint8Array[],
    signal?: AbortSignal,
  ): Promise<Decoded>;
}

/** How much goes into a step, in seconds by `mostFrames`; a codec that is dear to start wants more. */
export interface CodecStep {
  /** Is worth one, and waited for. */
  readonly wantedSeconds: number;
  /** Is enough for one. */
  readonly mostSeconds: number;
  /** Goes to a thread at once, if so much is there. */
  readonly mostBytes: number;
}

export interface Decoded {
  /** Samples of each channel, at least one, all of one length, about in [-1, 1]. */
  readonly planar: readonly Float32Array[];
  /** Of the setup, or a multiple of it that only the decoder found out. */
  readonly rateHz: number;
  /** Nothing of it could be decoded: it is silence of that length, which keeps the time. */
  readonly isSilence?: boolean;
  /** So many frames everything comes later than the packets say; none unless given. */
  readonly lateFrames?: number;
}

/** Packets brought a decoder down, and what its thread decodes after that cannot be trusted. */
export class DecoderBroke extends VoxpoolError {
  constructor(detail: string, options?: ErrorOptions) {
    super("audio_invalid", { detail }, options);
  }
}

export const cheapStep: CodecStep = { wantedSeconds: 0.5, mostSeconds: 8, mostBytes: mostPieceBytes };
export const cheapStartSeconds = 0.5;
/** Vorbis takes 31, AAC 47, Opus of 20 ms that is not sent on 50. */
export const usualLeastBytesASecond = 20;

/** The last `count` frames of each channel; silence in front where a damaged run-up gave fewer. */
export function lastFrames(channels: readonly Float32Array[], count: number): Float32Array[] {
  return channels.map((samples) => {
    if (samples.length >= count) return samples.subarray(samples.length - count);
    const padded = new Float32Array(count);
    padded.set(samples, count - samples.length);
    return padded;
  });
}
