import type { Coded } from "../codecs/codec.ts";
import { codecSetup } from "../codecs/setup.ts";
import type { AudioFormat, FormatInput, Reading } from "../format.ts";
import { endOf, type FrameSearch, passOver } from "./frame-search.ts";
import { type MpegHeader, readMpegHeader, sameStream } from "./mpeg-frame.ts";
import { readXing } from "./xing.ts";

interface Mp3State extends FrameSearch {
  /** The last frame, if the next one should follow at once. */
  synced?: MpegHeader;
  stream: number;
  skipFrames: number;
  /** Packets and frames that the stream has by its first, silent frame. */
  leftPackets: number;
  totalFrames: number;
}

const frames = { name: "MP3", headBytes: 4 };

/** MPEG audio, layers II and III, without a container. */
export const mp3: AudioFormat<Mp3State> = {
  name: "MP3",
  matches: (head) => startsStream(head, 0, 2) || findStream(head) !== undefined,
  open: () => ({
    stream: 0,
    skipFrames: 0,
    leftPackets: Number.POSITIVE_INFINITY,
    totalFrames: Number.POSITIVE_INFINITY,
    hasSound: false,
    searched: 0,
  }),
  read(state, input) {
    const { bytes, isAll } = input;
    const header = readMpegHeader(bytes, 0);
    if (bytes.length < 4) return isAll ? endOf(state, bytes.length, frames) : { taken: 0, wantsBytes: 4 };
    if (header === undefined) return search(state, input);
    if (bytes.length < header.bytes + 4 && !isAll) return { taken: 0, wantsBytes: header.bytes + 4 };
    if (bytes.length < header.bytes) return endOf(state, bytes.length, frames);
    const isLast = isAll && bytes.length === header.bytes;
    if (!follows(state, header) && !startsStream(bytes, 0, 2) && !isLast) return search(state, input);
    return takeFrame(state, input, header);
  },
};

/** Where frames follow each other: `count` headers of one stream. */
function startsStream(bytes: Uint8Array, from: number, count: number): boolean {
  let at = from;
  const first = readMpegHeader(bytes, at);
  for (let n = 0; n < count; n++) {
    const header = readMpegHeader(bytes, at);
    if (first === undefined || header === undefined || !sameStream(first, header)) return false;
    at += header.bytes;
  }
  return true;
}

function findStream(head: Uint8Array): number | undefined {
  for (let at = head.indexOf(0xff); at >= 0; at = head.indexOf(0xff, at + 1)) if (startsStream(head, at, 4)) return at;
  return undefined;
}

function follows({ synced }: Mp3State, header: MpegHeader): boolean {
  return synced !== undefined && sameStream(synced, header);
}

function search(state: Mp3State, input: FormatInput): Reading {
  delete state.synced;
  return passOver(state, nextStart(input.bytes), input, frames);
}

/** Behind the first byte: where a stream may start, as far as the bytes tell. */
function nextStart(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(0xff, 1); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (at + 4 > bytes.length) return at;
    const header = readMpegHeader(bytes, at);
    if (header !== undefined && (at + header.bytes + 4 > bytes.length || startsStream(bytes, at, 2))) return at;
  }
  return bytes.length;
}

function takeFrame(state: Mp3State, input: FormatInput, header: MpegHeader): Reading {
  const packet = input.bytes.subarray(0, header.bytes);
  const finished = input.isAll && input.bytes.length === header.bytes;
  state.synced = header;
  state.hasSound = true;
  state.searched = 0;
  const xing = header.layer === 3 ? readXing(packet, header) : undefined;
  if (xing !== undefined) state.stream++;
  if (xing === undefined)
    return { taken: header.bytes, wantsBytes: 1024, finished, coded: soundOf(state, header, packet) };
  state.skipFrames = xing.skipFrames;
  state.totalFrames = xing.totalFrames;
  state.leftPackets = xing.packets;
  const seconds = xing.totalFrames / header.rateHz;
  const known = xing.packets > 0 && seconds <= input.maxSeconds;
  return { taken: header.bytes, wantsBytes: 1024, finished, ...(known && { declaredSeconds: seconds }) };
}

/** The padding at the end is cut off where the end is: files are joined, and then go on. */
function soundOf(state: Mp3State, header: MpegHeader, packet: Uint8Array): Coded {
  const setup = codecSetup("mp3", header.channels, header.rateHz);
  state.leftPackets--;
  const totalFrames = state.leftPackets === 0 ? state.totalFrames : Number.POSITIVE_INFINITY;
  return { setup, stream: state.stream, packets: [packet], skipFrames: state.skipFrames, totalFrames };
}
