import type { WireError } from "../base/errors.ts";
import type { ChannelChoice, RawPcm } from "./audio.ts";
import type { Channels } from "./channels.ts";
import type { CodedState } from "./coded.ts";
import type { Mp4Index } from "./containers/mp4.ts";
import type { PacketStream } from "./containers/packets.ts";
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
  /** Set: the bytes come as they are spoken, and none waits for more that would be worth a step. */
  readonly isLive?: true;
  /** Set: the bytes are packets that an index found. */
  readonly packets?: PacketStream;
  /** Unset at the beginning. */
  readonly state?: DecodeState;
}

/** The other thing a worker is asked: what is where in a file that has to be there whole. */
export interface IndexStep {
  readonly file: string;
}

/** To a worker that is busy: nobody wants the answer of its step any more. */
export interface Cancel {
  readonly cancel: true;
}

/** Where a decoding stands: plain data, small, that travels with every step. */
export interface DecodeState {
  /** Name of the format, or `raw`, or `packets`. */
  format: string;
  reader: unknown;
  /** Of packets, where the format has them. */
  coded?: CodedState;
  /** One a channel. */
  resamplers?: ResamplerState[];
  /** Channels that come out, from first to last. */
  channelCount?: number;
}

/** What comes back. Buffers move too. */
export type StepAnswer = StepResult | StepFailure;
export type IndexAnswer = Mp4Index | StepFailure;

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
  /** The thread must not be given anything more. */
  readonly isThreadSpent?: boolean;
}
