import { viewOf } from "../byte-view.ts";
import type { MpegHeader } from "./mpeg-frame.ts";

export interface Xing {
  /** Frames of the file behind this one; 0 when it does not say. */
  readonly packets: number;
  /** Samples at the beginning that are no sound, and the sound after them. */
  readonly skipFrames: number;
  readonly totalFrames: number;
}

/** What a decoder adds in front. */
const decoderDelay = 529;

/**
 * The silent first frame of many MP3 files, which tells their length ("Xing", "Info"), and what the encoder
 * added at both ends (the LAME extension).
 */
export function readXing(packet: Uint8Array, header: MpegHeader): Xing | undefined {
  const at = 4 + sideBytes(header);
  const view = viewOf(packet);
  if (packet.length < at + 8) return undefined;
  const name = Buffer.from(packet.subarray(at, at + 4)).toString("latin1");
  if (name !== "Xing" && name !== "Info") return undefined;
  const flags = view.getUint32(at + 4);
  const hasCount = (flags & 1) !== 0 && packet.length >= at + 12;
  const packets = hasCount ? view.getUint32(at + 8) : 0;
  const lame = at + 8 + (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0);
  const total = packets * header.frames;
  const hasDelay =
    packet.length >= lame + 24 &&
    /^L(AME|avc|avf)/.test(Buffer.from(packet.subarray(lame, lame + 4)).toString("latin1"));
  if (!hasDelay) return { packets, skipFrames: 0, totalFrames: total > 0 ? total : Number.POSITIVE_INFINITY };
  const both = (view.getUint16(lame + 21) << 8) | view.getUint8(lame + 23);
  const delay = both >> 12;
  const sound = total - delay - (both & 0xfff);
  return { packets, skipFrames: delay + decoderDelay, totalFrames: sound > 0 ? sound : Number.POSITIVE_INFINITY };
}

function sideBytes({ version, channels }: MpegHeader): number {
  if (version === 1) return channels === 1 ? 17 : 32;
  return channels === 1 ? 9 : 17;
}
