import { readFlacHeader } from "../containers/flac-frame.ts";
import { readMpegHeader } from "../containers/mpeg-frame.ts";
import { aacFrames } from "./aac-packets.ts";
import type { CodecSetup } from "./codec.ts";
import { flacFrames } from "./flac-packets.ts";
import { opusFrames } from "./opus-packets.ts";
import { mostVorbisFrames } from "./vorbis-packets.ts";

/** How much sound a packet is, seconds, without decoding it; of Vorbis, whose packets do not tell, at most. */
export function packetSeconds(packet: Uint8Array, setup: CodecSetup): number {
  return seconds[setup.codec](packet, setup);
}

const seconds: Readonly<Record<CodecSetup["codec"], (packet: Uint8Array, setup: CodecSetup) => number>> = {
  opus: (packet, { rateHz }) => opusFrames(packet) / rateHz,
  vorbis: (_, setup) => mostVorbisFrames(setup) / setup.rateHz,
  flac: (packet, { rateHz }) => flacFrames(packet) / (readFlacHeader(packet, 0)?.rateHz ?? rateHz),
  aac: (_, { rateHz }) => aacFrames / rateHz,
  mp3(packet) {
    const header = readMpegHeader(packet, 0);
    return header === undefined ? 0 : header.frames / header.rateHz;
  },
};
