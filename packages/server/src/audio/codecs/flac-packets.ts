import { viewOf } from "../byte-view.ts";
import type { CodecSetup } from "./codec.ts";
import { codecSetup } from "./setup.ts";

/** RFC 9639, 9.1.1: the block size, by the header of the packet. */
export function flacFrames(packet: Uint8Array): number {
  const code = (packet[2] ?? 0) >> 4;
  if (code === 1) return 192;
  if (code >= 2 && code <= 5) return 144 * 2 ** code;
  if (code >= 8) return 2 ** code;
  const at = 4 + codedNumberBytes(packet[4] ?? 0);
  if (code === 6) return (packet[at] ?? 0) + 1;
  if (code === 7) return ((packet[at] ?? 0) << 8) + (packet[at + 1] ?? 0) + 1;
  return 0;
}

/** Bytes of the number of a frame, which is written like UTF-8. */
export function codedNumberBytes(first: number): number {
  if (first < 0x80) return 1;
  return Math.clz32(~(first << 24));
}

/** A whole file of nothing but its header: what the decoder is given before packets. */
function flacHeader(streamInfo: Uint8Array): Uint8Array {
  const header = new Uint8Array(42);
  header.set([0x66, 0x4c, 0x61, 0x43, 0x80, 0, 0, 34]);
  header.set(streamInfo.subarray(0, 34), 8);
  return header;
}

/** What a STREAMINFO block says: RFC 9639, 8.2. `totalFrames` is 0 where it is not known. @throws VoxpoolError */
export function flacSetup(streamInfo: Uint8Array): { setup: CodecSetup; totalFrames: number } {
  const view = viewOf(streamInfo);
  const rateHz = view.getUint32(10) >>> 12;
  const channels = (((streamInfo[12] as number) >> 1) & 7) + 1;
  const totalFrames = ((streamInfo[13] as number) & 15) * 2 ** 32 + view.getUint32(14);
  return { setup: codecSetup("flac", channels, rateHz, [flacHeader(streamInfo)]), totalFrames };
}
