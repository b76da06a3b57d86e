import { viewOf } from "../byte-view.ts";
import type { CodecSetup } from "../codecs/codec.ts";
import type { FormatInput, Reading } from "../format.ts";

/** Packets that were taken out of a file by its index; each comes with its length in four bytes in front. */
export interface PacketStream {
  readonly setup: CodecSetup;
  readonly skipFrames: number;
  readonly totalFrames: number;
}

export function readPackets({ setup, skipFrames, totalFrames }: PacketStream, input: FormatInput): Reading {
  const { bytes, isAll } = input;
  if (bytes.length < 4) return { taken: 0, wantsBytes: 4, finished: isAll };
  const size = viewOf(bytes).getUint32(0, true);
  const whole = 4 + size;
  if (bytes.length < whole) {
    return {
      taken: 0,
      wantsBytes: whole,
      pieceBytes: Math.max(whole, 262_144),
      finished: isAll,
    };
  }
  const coded = { setup, stream: 0, packets: [bytes.subarray(4, whole)], skipFrames, totalFrames };
  return { taken: whole, wantsBytes: 4, finished: isAll && bytes.length === whole, coded };
}
