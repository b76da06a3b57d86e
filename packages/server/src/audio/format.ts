import { VoxpoolError } from "../base/errors.ts";
import type { ChannelChoice } from "./audio.ts";
import type { Channels } from "./channels.ts";
import type { Coded } from "./codecs/codec.ts";

/**
 * A kind of audio file. Its reader is a pure function over a state of plain data, with no bytes kept back: so
 * a recording can go on in any worker thread, and a thread that dies takes no other recording with it.
 */
export interface AudioFormat<State> {
  /** As people write it: "WAV". */
  readonly name: string;
  /** Whether a file that begins so is one. `head` has `sniffBytes` bytes, or is the whole file. */
  matches(head: Uint8Array): boolean;
  open(): State;
  /** Reads on. Called with all bytes not taken so far, and again as long as it takes some. @throws VoxpoolError */
  read(state: State, input: FormatInput): Reading;
}

export interface FormatInput {
  readonly bytes: Uint8Array;
  /** Bytes that wait in all, with those that are not handed in yet. */
  readonly waitingBytes: number;
  /** `bytes` are all that is left of the file: nothing waits behind them, and nothing is still to come. */
  readonly isAll: boolean;
  /** Nothing is still to come; of what is there `bytes` may be the first part only. */
  readonly hasArrived: boolean;
  readonly maxSeconds: number;
  readonly channels: ChannelChoice;
}

export interface Reading {
  /** Bytes that are done with; none with `coded` means that it has more to give of the same bytes. */
  readonly taken: number;
  /** Samples in [-1, 1] at the file's own rate, of the channels that are wanted; empty while there are none. */
  readonly samples?: Channels;
  /** Packets instead of samples. */
  readonly coded?: Coded;
  /** Rate of `samples`. */
  readonly rateHz?: number;
  /** Length by the header, seconds, once it is known and can be true. */
  readonly declaredSeconds?: number;
  /** Bytes it wants to have before it is asked again; it copes with fewer only at the end. */
  readonly wantsBytes: number;
  /** Most bytes that are worth handing in at once; unset: does not matter. */
  readonly pieceBytes?: number;
  /** The sound is over, whatever follows. */
  readonly finished?: boolean;
}

/** Samples of all channels that one step gives out at most, about; it keeps what is under way for a recording below a megabyte. */
export const stepSamples = 131_072;

/** Bytes that are handed to a worker at once, at most. */
export const mostPieceBytes = 262_144;

/** How much is looked at before a header is believed that promises more than the limit. */
export const lookAheadBytes = 786_432;

export function tooLong(maxSeconds: number): VoxpoolError {
  return new VoxpoolError("audio_too_long", { limit_seconds: maxSeconds, setting: "limits.audio_seconds" });
}

/**
 * Whether more must arrive before a header can be judged that promises so many seconds. What is really there
 * counts; but once there is plenty, waiting for hours of sound only to refuse them helps nobody.
 * @throws VoxpoolError `audio_too_long`
 */
export function mustWait(promisedSeconds: number, { maxSeconds, hasArrived, waitingBytes }: FormatInput): boolean {
  if (promisedSeconds <= maxSeconds || hasArrived) return false;
  if (waitingBytes >= lookAheadBytes) throw tooLong(maxSeconds);
  return true;
}

export const damaged = (detail: string): VoxpoolError => new VoxpoolError("audio_invalid", { detail });
export const unsupported = (detail: string): VoxpoolError => new VoxpoolError("audio_unsupported", { detail });
