import type { Coded } from "../codecs/codec.ts";
import { codecSetup } from "../codecs/setup.ts";
import { type AudioFormat, damaged, type FormatInput, type Reading } from "../format.ts";
import { type MpegHeader, readMpegHeader, sameStream } from "./mpeg-frame.ts";
import { readXing } from "./xing.ts";

interface Mp3State {
  /** The last frame, if the next one should follow at once. */
  synced?: MpegHeader;
  stream: number;
  skipFrames: number;
  /** Packets and frames that the stream has by its first, silent frame. */
  leftPackets: number;
  totalFrames: number;
  hasSound: boolean;
  /** Bytes that were passed over in search of a frame. */
  searched: number;
}

/** So much of something else may stand before or between frames. */
const mostSearchedBytes = 1024 * 1024;

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
    if (bytes.length < 4) return isAll ? end(state, bytes.length) : { taken: 0, wantsBytes: 4 };
    if (header === undefined) return search(state, input);
    if (bytes.length < header.bytes + 4 && !isAll) return { taken: 0, wantsBytes: header.bytes + 4 };
    if (bytes.length < header.bytes) return end(state, bytes.length);
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

function search(state: Mp3State, { bytes, isAll }: FormatInput): Reading {
  delete state.synced;
  const taken = nextStart(bytes);
  state.searched += taken;
  if (state.searched > mostSearchedBytes && !state.hasSound) throw damaged("no MP3 frames follow its beginning");
  return isAll && taken === bytes.length ? end(state, taken) : { taken, wantsBytes: 4 };
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

function end({ hasSound }: Mp3State, taken: number): Reading {
  if (!hasSound) throw damaged("the MP3 file ends before its sound begins");
  return { taken, wantsBytes: 4, finished: true };
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
