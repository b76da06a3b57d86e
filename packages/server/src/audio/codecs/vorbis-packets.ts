import { viewOf } from "../byte-view.ts";
import { damaged } from "../format.ts";
import type { CodecSetup } from "./codec.ts";
import { codecSetup } from "./setup.ts";

/** Room that the decoder has for a packet. */
export const mostPacketBytes = 128 * 1024;

/**
 * Vorbis I, 4.2: the first and the third header packet; the one between them has comments.
 * @throws VoxpoolError
 */
export function vorbisSetup(identification: Uint8Array, setup: Uint8Array): CodecSetup {
  if (identification.length < 30 || !isHeader(identification, 1) || !isHeader(setup, 5)) {
    throw damaged("the headers of its Vorbis stream are not there");
  }
  if (setup.length > mostPacketBytes) throw damaged("a header of its Vorbis stream is too long");
  const channels = identification[11] as number;
  const rateHz = viewOf(identification).getUint32(12, true);
  return codecSetup("vorbis", channels, rateHz, [identification.slice(0, 30), setup.slice()]);
}

function isHeader(packet: Uint8Array, type: number): boolean {
  return packet[0] === type && Buffer.from(packet.subarray(1, 7)).toString("latin1") === "vorbis";
}

/** Frames that a packet becomes, at most: half of a long window. */
export function mostVorbisFrames({ headers }: CodecSetup): number {
  return 2 ** ((headers[0]?.[28] ?? 0) >> 4) / 2;
}
