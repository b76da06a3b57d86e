import type { CodecSetup } from "../codecs/codec.ts";
import { flacFrames, flacSetup } from "../codecs/flac-packets.ts";
import { type AudioFormat, damaged, type FormatInput, mostPieceBytes, type Reading, unsupported } from "../format.ts";
import { rateRangeHz } from "../pcm.ts";
import { crc16, flacHeaderBytes } from "./flac-frame.ts";

interface FlacState {
  stage: "start" | "blocks" | "frames";
  /** Bytes of a metadata block that are of no interest. */
  skip: number;
  lastBlock: boolean;
  setup?: CodecSetup;
  totalFrames: number;
}

/** What fits into the largest frame of sound that people have: a second of eight channels. */
const mostFrameBytes = 1024 * 1024;

/** FLAC (RFC 9639): frames are found by their checksums, since nothing else says where one ends. */
export const flacFile: AudioFormat<FlacState> = {
  name: "FLAC",
  matches: (head) => Buffer.from(head.subarray(0, 4)).toString("latin1") === "fLaC",
  open: () => ({ stage: "start", skip: 0, lastBlock: false, totalFrames: 0 }),
  read(state, input) {
    if (state.stage === "frames") return readFrames(state, input);
    const reading = readMetadata(state, input);
    if (input.ended && reading.taken === 0) throw damaged("the FLAC file ends before its sound begins");
    return reading;
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
    state.stage = "frames";
    const seconds = state.totalFrames / state.setup.rateHz;
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
  if (setup.rateHz === 0) throw damaged("its FLAC header says 0 samples a second");
  if (setup.rateHz < rateRangeHz[0]) throw unsupported(`FLAC with ${setup.rateHz} samples a second`);
  state.setup = setup;
  state.totalFrames = totalFrames;
}

function readFrames(state: FlacState, input: FormatInput): Reading {
  const { bytes, ended, waitingBytes } = input;
  const start = findHeader(bytes, 0);
  if (start === undefined || start > 0) {
    const taken = start ?? (ended ? bytes.length : Math.max(0, bytes.length - 15));
    const finished = ended && taken === waitingBytes;
    return { taken, wantsBytes: 4096, finished };
  }
  const isAll = ended && waitingBytes === bytes.length;
  const end = frameEnd(bytes, isAll);
  if (end === undefined && bytes.length > mostFrameBytes) return { taken: 2, wantsBytes: 4096 };
  if (end === undefined && !isAll) {
    const wantsBytes = bytes.length * 2;
    return { taken: 0, wantsBytes, pieceBytes: Math.max(mostPieceBytes, wantsBytes) };
  }
  if (end === undefined) return { taken: bytes.length, wantsBytes: 1, finished: true };
  const finished = isAll && end === bytes.length;
  return { taken: end, wantsBytes: 4096, finished, coded: frameOf(state, bytes.subarray(0, end)) };
}

function frameOf(state: FlacState, packet: Uint8Array) {
  const setup = state.setup as CodecSetup;
  const total = state.totalFrames > 0 ? { totalFrames: state.totalFrames } : {};
  const packets = flacFrames(packet) > 0 ? [packet] : [];
  return { setup, stream: 0, packets, ...total };
}

function findHeader(bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (flacHeaderBytes(bytes, at) !== undefined) return at;
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
