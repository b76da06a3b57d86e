import { viewOf } from "./byte-view.ts";
import { type AudioFormat, damaged, type FormatInput, mostPieceBytes, type Reading } from "./format.ts";
import { type PcmLayout, sampleBytes } from "./pcm.ts";
import { declaredSeconds, openPcm, type PcmState, readPcm } from "./pcm-reader.ts";
import { layoutOfFmt } from "./wav-fmt.ts";

/** Where the reading of a RIFF, RIFX, RF64 or BW64 file stands. */
interface WavState {
  stage: "start" | "chunks" | "sound";
  littleEndian: boolean;
  position: number;
  /** Bytes of the current chunk that are of no interest. */
  skip: number;
  /** The last chunk had an odd size: a byte of padding should follow. */
  padded: boolean;
  /** Size of the file after its first 8 bytes, by the header. */
  riffBytes: number;
  /** Size of the sound by a ds64 chunk. */
  wideBytes?: number;
  layout?: PcmLayout;
  pcm?: PcmState;
}

/** WAV in all its forms, read front to back; sizes in headers are promises, and nothing is allocated by them. */
export const wav: AudioFormat<WavState> = {
  name: "WAV",
  matches: (head) => ["RIFF", "RIFX", "RF64", "BW64"].includes(ascii(head, 0)) && ascii(head, 8) === "WAVE",
  open: () => ({ stage: "start", littleEndian: true, position: 0, skip: 0, padded: false, riffBytes: 0 }),
  read(state, input) {
    const reading =
      state.stage === "sound" && state.pcm !== undefined ? readSound(state.pcm, input) : readHeader(state, input);
    state.position += reading.taken;
    return reading;
  },
};

function readSound(pcm: PcmState, input: FormatInput): Reading {
  const reading = readPcm(pcm, input);
  return { ...reading, rateHz: pcm.layout.rateHz };
}

function readHeader(state: WavState, input: FormatInput): Reading {
  const { bytes, isAll } = input;
  if (state.skip > 0 && bytes.length > 0) {
    const taken = Math.min(state.skip, bytes.length);
    state.skip -= taken;
    return { taken, wantsBytes: Math.min(state.skip + 8, mostPieceBytes / 4) };
  }
  const reading = state.stage === "start" ? readStart(state, bytes) : readChunk(state, input);
  if (isAll && reading.taken === 0) throw damaged("the WAV file ends before its sound begins");
  return reading;
}

function readStart(state: WavState, bytes: Uint8Array): Reading {
  if (bytes.length < 12) return { taken: 0, wantsBytes: 12 };
  state.littleEndian = ascii(bytes, 0) !== "RIFX";
  state.riffBytes = viewOf(bytes).getUint32(4, state.littleEndian);
  state.stage = "chunks";
  return { taken: 12, wantsBytes: 8 };
}

function readChunk(state: WavState, input: FormatInput): Reading {
  // Some writers forget the padding: no chunk's name begins with a zero, so one can tell.
  const from = state.padded && input.bytes[0] === 0 ? 1 : 0;
  const bytes = input.bytes.subarray(from);
  if (bytes.length < 8) return { taken: 0, wantsBytes: from + 8 };
  const id = ascii(bytes, 0);
  const size = viewOf(bytes).getUint32(4, state.littleEndian);
  if (!/^[\x20-\x7e]{4}$/.test(id)) throw damaged("the WAV file has something else where a chunk should begin");
  if (id === "data") return startSound(state, input, size, from + 8);
  const wanted = id === "fmt " ? Math.min(size, 40) : id === "ds64" ? Math.min(size, 16) : 0;
  if (bytes.length < 8 + wanted) return { taken: 0, wantsBytes: from + 8 + wanted };
  const view = viewOf(bytes.subarray(8, 8 + wanted));
  if (id === "fmt ") state.layout = layoutOfFmt(view, state.littleEndian);
  if (id === "ds64" && wanted === 16) state.wideBytes = Number(view.getBigUint64(8, state.littleEndian));
  state.skip = size - wanted;
  state.padded = size % 2 === 1;
  return { taken: from + 8 + wanted, wantsBytes: 1 };
}

function startSound(state: WavState, input: FormatInput, size: number, taken: number): Reading {
  if (state.layout === undefined) throw damaged("the WAV file has no format chunk before its sound");
  state.pcm = openPcm(state.layout, soundBytes(state, size, state.position + taken));
  state.stage = "sound";
  const seconds = declaredSeconds(state.pcm);
  const known = seconds <= input.maxSeconds;
  return { taken, wantsBytes: sampleBytes[state.layout.form], ...(known ? { declaredSeconds: seconds } : {}) };
}

/**
 * Size of the sound as the header has it. Writers that cannot seek back leave zero, the largest number, or
 * something near 2^31 (sox, arecord): then nobody knows, and the sound goes on to the end of the file.
 */
function soundBytes(state: WavState, size: number, soundStart: number): number {
  if (size >= 0xffff_f000) {
    const wide = state.wideBytes ?? 0;
    return wide > 0 && wide < Number.MAX_SAFE_INTEGER ? wide : Number.POSITIVE_INFINITY;
  }
  if (size >= 0x7fff_e000 && size <= 0x8000_1000) return Number.POSITIVE_INFINITY;
  // A zero is meant if the header knows of chunks after it.
  const more = state.riffBytes < 0x7fff_e000 && state.riffBytes + 8 > soundStart;
  return size > 0 || more ? size : Number.POSITIVE_INFINITY;
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
