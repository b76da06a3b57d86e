import type { CodecSetup } from "../codecs/codec.ts";
import { flacFrames, flacSetup } from "../codecs/flac-packets.ts";
import {
  type AudioFormat,
  damaged,
  type FormatInput,
  lookAheadBytes,
  mostPieceBytes,
  mustWait,
  type Reading,
} from "../format.ts";
import { crc16, flacHeaderBytes, readFlacHeader } from "./flac-frame.ts";

interface FlacState {
  stage: "start" | "blocks" | "frames";
  /** Bytes of a metadata block that are of no interest. */
  skip: number;
  lastBlock: boolean;
  setup?: CodecSetup;
  totalFrames: number;
  /** Bytes that were looked through for the end of a frame that has none. */
  searched: number;
  /** Number of the file, where several were joined. */
  stream: number;
}

/** What fits into the largest frame of sound that people have: a second of eight channels. */
const mostFrameBytes = 1024 * 1024;
/** So much may be looked through in vain for the ends of frames; a damaged frame costs about its own size. */
const mostSearchedBytes = 64 * 1024 * 1024;
const nextHeaderBytes = 16;

/** FLAC (RFC 9639): frames are found by their checksums, since nothing else says where one ends. */
export const flacFile: AudioFormat<FlacState> = {
  name: "FLAC",
  matches: (head) => Buffer.from(head.subarray(0, 4)).toString("latin1") === "fLaC",
  open: () => ({ stage: "start", skip: 0, lastBlock: false, totalFrames: 0, searched: 0, stream: 0 }),
  read(state, input) {
    if (state.stage === "frames") return readFrames(state, input);
    const reading = readMetadata(state, input);
    if (!input.isAll || reading.taken > 0) return reading;
    // Of a file that was joined to another and cut off there may be no sound.
    if (state.stream > 0) return { taken: input.bytes.length, wantsBytes: 4096, finished: true };
    throw damaged("the FLAC file ends before its sound begins");
  },
};

function readMetadata(state: FlacState, input: FormatInput): Reading {
  const { bytes, maxSeconds } = input;
  if (state.stage === "start") {
    state.stage = "blocks";
    return { taken: 4, wantsBytes: 42 };
  }
  if (state.skip > 0) {
    const taken = Math.min(state.skip, bytes.length);
    state.skip -= taken;
    return { taken, wantsBytes: Math.min(state.skip + 4, mostPieceBytes / 4) };
  }
  if (state.lastBlock) {
    if (state.setup === undefined) throw damaged("the FLAC file has no stream information");
    const seconds = state.totalFrames / state.setup.rateHz;
    if (mustWait(seconds, input)) return { taken: 0, wantsBytes: lookAheadBytes };
    state.stage = "frames";
    const known = state.totalFrames > 0 && seconds <= maxSeconds;
    return { ...readFrames(state, input), ...(known && { declaredSeconds: seconds }) };
  }
  return readBlock(state, bytes);
}

function readBlock(state: FlacState, bytes: Uint8Array): Reading {
  if (bytes.length < 4) return { taken: 0, wantsBytes: 4 };
  const [kind = 0, high = 0, middle = 0, low = 0] = bytes;
  const size = (high << 16) | (middle << 8) | low;
  const isInfo = (kind & 127) === 0 && state.setup === undefined;
  if (isInfo && size < 34) throw damaged("its FLAC stream information is too short");
  if (isInfo && bytes.length < 38) return { taken: 0, wantsBytes: 38 };
  if (isInfo) readStreamInfo(state, bytes.slice(4, 38));
  state.lastBlock = (kind & 128) !== 0;
  const taken = isInfo ? 38 : 4;
  state.skip = size - (taken - 4);
  return { taken, wantsBytes: 4 };
}

function readStreamInfo(state: FlacState, info: Uint8Array): void {
  const { setup, totalFrames } = flacSetup(info);
  state.setup = setup;
  state.totalFrames = totalFrames;
}

function readFrames(state: FlacState, input: FormatInput): Reading {
  const { bytes, isAll } = input;
  const start = findHeader(bytes, 0);
  if (start === undefined || start > 0) return skipOther(state, input, start);
  const most = mostBytesOf(bytes);
  const isEnough = isAll || bytes.length >= most + nextHeaderBytes;
  const end =
    frameEnd(bytes.subarray(0, most + nextHeaderBytes), isAll && bytes.length <= most) ??
    (isEnough ? endBeforeOther(bytes.subarray(0, most + nextHeaderBytes)) : undefined);
  if (end === undefined && isEnough) return passOver(state, bytes, most);
  if (end === undefined) {
    const wantsBytes = Math.min(bytes.length * 2, most + nextHeaderBytes);
    return { taken: 0, wantsBytes, pieceBytes: Math.max(mostPieceBytes, wantsBytes) };
  }
  const finished = isAll && end === bytes.length;
  return { taken: end, wantsBytes: 4096, finished, coded: frameOf(state, bytes.subarray(0, end)) };
}

/** Passes over what is no frame. Another file may be joined to this one: it begins anew. */
function skipOther(state: FlacState, { bytes, isAll }: FormatInput, header: number | undefined): Reading {
  const end = header ?? (isAll ? bytes.length : Math.max(0, bytes.length - nextHeaderBytes + 1));
  const next = findFile(bytes.subarray(0, end + 8));
  if (next === undefined || next > end)
    return { taken: end, wantsBytes: 4096, finished: isAll && end === bytes.length };
  const { stream, searched } = state;
  Object.assign(state, flacFile.open(), { stream: stream + 1, searched });
  return { taken: next, wantsBytes: 46 };
}

/** What the frame at the beginning takes at most: its samples as they are, with a bit more for a difference. */
function mostBytesOf(bytes: Uint8Array): number {
  const { channels = 1, bits = 0 } = readFlacHeader(bytes, 0) ?? {};
  const plain = (flacFrames(bytes) * channels * ((bits || 32) + 1)) / 8;
  return Math.min(mostFrameBytes, Math.ceil(plain) + 1024);
}

/** A frame that has no end is damaged, or was none. */
function passOver(state: FlacState, { length }: Uint8Array, most: number): Reading {
  state.searched += Math.min(length, most);
  if (state.searched > mostSearchedBytes) throw damaged("too many frames of the FLAC file have no end");
  return { taken: 2, wantsBytes: 4096 };
}

function frameOf(state: FlacState, packet: Uint8Array) {
  const setup = state.setup as CodecSetup;
  const total = state.totalFrames > 0 ? { totalFrames: state.totalFrames } : {};
  const packets = flacFrames(packet) > 0 ? [packet] : [];
  return { setup, stream: state.stream, packets, ...total };
}

function findHeader(bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    // Looked at first, since a file may be full of 0xff.
    if (((bytes[at + 1] ?? 0) & 0xfe) === 0xf8 && flacHeaderBytes(bytes, at) !== undefined) return at;
  }
  return undefined;
}

/** Where the frame at the beginning ends: where its checksum fits, and another frame or the end of the file is. */
function frameEnd(bytes: Uint8Array, isAll: boolean): number | undefined {
  let crc = 0;
  let done = 0;
  for (let next = findHeader(bytes, 10); ; next = findHeader(bytes, (next ?? 0) + 1)) {
    const end = next ?? (isAll ? bytes.length : undefined);
    if (end === undefined) return undefined;
    crc = crc16(crc, bytes, done, end);
    done = end;
    if (crc === 0) return end;
    if (next === undefined) return undefined;
  }
}

/** Where another file begins: its mark, then stream information of the length that it has. */
function findFile(bytes: Uint8Array): number | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isFile = (at: number) => ((text[at + 4] ?? 1) & 127) === 0 && text[at + 7] === 34;
  return placesOf("fLaC", text).find(isFile);
}

/** What other programs put behind the last frame: tags (ID3v1, APE, Lyrics3, ID3v2), and whole files. */
const others = ["TAG", "APETAGEX", "LYRICSBEGIN", "ID3", "fLaC"];

/** Where the frame at the beginning ends if something else than a frame follows it: where its checksum fits. */
function endBeforeOther(bytes: Uint8Array): number | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places = others.flatMap((other) => placesOf(other, text)).toSorted((a, b) => a - b);
  let crc = 0;
  let done = 0;
  for (const place of places) {
    crc = crc16(crc, bytes, done, place);
    done = place;
    if (crc === 0 && place > 0) return place;
  }
  return undefined;
}

function placesOf(mark: string, text: Buffer): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) places.push(at);
  return places;
}
