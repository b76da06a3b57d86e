import { channelsOut, pickInterleaved } from "./channels.ts";
import {
  type FormatInput,
  lookAheadBytes,
  mostPieceBytes,
  mustWait,
  type Reading,
  stepSamples,
  tooLong,
} from "./format.ts";
import { outputRateHz } from "./kernel.ts";
import { frameBytes, type PcmLayout, samplesOf } from "./pcm.ts";

/** A stretch of uncompressed samples that is being read. */
export interface PcmState {
  readonly layout: PcmLayout;
  /** What the header promises; `Infinity` when it says nothing. */
  leftBytes: number;
  frames: number;
  believed: boolean;
}

export function openPcm(layout: PcmLayout, declaredBytes = Number.POSITIVE_INFINITY): PcmState {
  return { layout, leftBytes: declaredBytes, frames: 0, believed: false };
}

/** Reads frames until the declared bytes or the input end; the part of a frame at the very end is dropped. */
export function readPcm(state: PcmState, input: FormatInput): Reading {
  const { layout } = state;
  if (!state.believed && promisesTooMuch(state, input)) return { taken: 0, wantsBytes: lookAheadBytes };
  const size = frameBytes(layout);
  const most = stepSamples / channelsOut(layout.channels, input.channels);
  const mostFrames = Math.ceil((most * layout.rateHz) / outputRateHz);
  const frames = Math.min(Math.floor(Math.min(input.bytes.length, state.leftBytes) / size), mostFrames);
  state.frames += frames;
  if (state.frames > input.maxSeconds * layout.rateHz) throw tooLong(input.maxSeconds);
  const taken = frames * size;
  state.leftBytes -= taken;
  const secondBytes = layout.rateHz * size;
  const left = state.leftBytes;
  return {
    taken,
    samples: pickInterleaved(samplesOf(input.bytes.subarray(0, taken), layout), layout.channels, input.channels),
    wantsBytes: Math.max(size, Math.min(Math.ceil(secondBytes / 4), left, mostPieceBytes / 4)),
    pieceBytes: Math.min(mostPieceBytes, Math.max(secondBytes, 4096)),
    finished: left < size || (input.isAll && input.bytes.length - taken < size),
  };
}

/** Length by the header, seconds. */
export function declaredSeconds(state: PcmState): number {
  return state.leftBytes / frameBytes(state.layout) / state.layout.rateHz;
}

function promisesTooMuch(state: PcmState, input: FormatInput): boolean {
  const promised = state.leftBytes === Number.POSITIVE_INFINITY ? 0 : declaredSeconds(state);
  if (mustWait(promised, input)) return true;
  state.believed = true;
  return false;
}
