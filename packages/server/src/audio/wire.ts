import type { WireError } from "../base/errors.ts";
import type { ChannelChoice, RawPcm } from "./audio.ts";
import type { Channels } from "./channels.ts";
import type { ResamplerState } from "./resample.ts";

/** What goes to a worker: the next bytes of one recording, and where its decoding stands. */
export interface Step {
  /** Its buffer moves to the worker. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes that wait in all, these included. */
  readonly waitingBytes: number;
  /** Nothing follows the bytes that wait. */
  readonly ended: boolean;
  readonly maxSeconds: number;
  readonly channels: ChannelChoice;
  readonly raw?: RawPcm;
  /** Unset at the beginning. */
  readonly state?: DecodeState;
}

/** Where a decoding stands: plain data, small, that travels with every step. */
export interface DecodeState {
  /** Name of the format, or `raw`. */
  readonly format: string;
  readonly reader: unknown;
  /** One a channel. */
  resamplers?: readonly ResamplerState[];
}

/** What comes back. Buffers move too. */
export type StepAnswer = StepResult | StepFailure;

export interface StepResult {
  readonly state?: DecodeState;
  /** 16 kHz. */
  readonly samples?: Channels;
  /** Bytes that were not needed yet: they come first in the next step. */
  readonly rest?: Uint8Array<ArrayBuffer>;
  /** Bytes that should wait before the next step, unless the input has ended. */
  readonly wantsBytes: number;
  /** Most bytes to hand in at once. */
  readonly pieceBytes: number;
  readonly declaredSeconds?: number;
  /** The sound is over. */
  readonly finished: boolean;
}

export interface StepFailure {
  readonly error: WireError;
  /** For the log, when the failure was not foreseen. */
  readonly cause?: string;
}
