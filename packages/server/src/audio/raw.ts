import type { RawPcm } from "./audio.ts";
import type { FormatInput, Reading } from "./format.ts";
import { openPcm, type PcmState, readPcm } from "./pcm-reader.ts";

/** Headerless 16-bit PCM: what a content type says, instead of a header. */
export function openRaw({ rateHz, channels, littleEndian }: RawPcm): PcmState {
  return openPcm({ form: "s16", rateHz, channels, littleEndian });
}

export function readRaw(state: PcmState, input: FormatInput): Reading {
  return { ...readPcm(state, input), rateHz: state.layout.rateHz };
}
