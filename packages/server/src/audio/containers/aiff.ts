import { viewOf } from "../byte-view.ts";
import { type AudioFormat, damaged, type FormatInput, mostPieceBytes, type Reading, unsupported } from "../format.ts";
import { channelRange, type PcmLayout, rateRangeHz, type SampleForm } from "../pcm.ts";
import { declaredSeconds, openPcm, type PcmState, readPcm } from "../pcm-reader.ts";

interface AiffState {
  stage: "start" | "chunks" | "sound";
  /** Bytes of the current chunk that are of no interest. */
  skip: number;
  layout?: PcmLayout;
  pcm?: PcmState;
}

/** AIFF and AIFF-C: chunks like those of WAV, big-endian. */
export const aiff: AudioFormat<AiffState> = {
  name: "AIFF",
  matches: (head) => text(head, 0) === "FORM" && (text(head, 8) === "AIFF" || text(head, 8) === "AIFC"),
  open: () => ({ stage: "start", skip: 0 }),
  read(state, input) {
    if (state.stage === "sound" && state.skip === 0 && state.pcm !== undefined) {
      return { ...readPcm(state.pcm, input), rateHz: state.pcm.layout.rateHz };
    }
    const reading = readHeader(state, input);
    if (input.isAll && reading.taken === 0) throw damaged("the AIFF file ends before its sound begins");
    return reading;
  },
};

function readHeader(state: AiffState, { bytes, maxSeconds }: FormatInput): Reading {
  if (state.skip > 0 && bytes.length > 0) {
    const taken = Math.min(state.skip, bytes.length);
    state.skip -= taken;
    return { taken, wantsBytes: Math.min(state.skip + 8, mostPieceBytes / 4) };
  }
  if (state.stage === "start") {
    state.stage = "chunks";
    return { taken: 12, wantsBytes: 8 };
  }
  if (bytes.length < 8) return { taken: 0, wantsBytes: 8 };
  const id = text(bytes, 0);
  const size = viewOf(bytes).getUint32(4);
  const wanted = id === "COMM" ? Math.min(size, 22) : id === "SSND" ? 8 : 0;
  if (bytes.length < 8 + wanted) return { taken: 0, wantsBytes: 8 + wanted };
  const body = viewOf(bytes.subarray(8, 8 + wanted));
  if (id === "SSND") return startSound(state, body, size, maxSeconds);
  if (id === "COMM") state.layout = layoutOf(body);
  state.skip = size + (size % 2) - wanted;
  return { taken: 8 + wanted, wantsBytes: 8 };
}

function startSound(state: AiffState, body: DataView, size: number, maxSeconds: number): Reading {
  if (state.layout === undefined) throw damaged("the AIFF file has no COMM chunk before its sound");
  state.skip = body.getUint32(0);
  // Writers that cannot seek back leave zero, or the largest number.
  const isKnown = size > 8 && size < 0x7fff_f000;
  state.pcm = openPcm(state.layout, isKnown ? Math.max(0, size - 8 - state.skip) : Number.POSITIVE_INFINITY);
  state.stage = "sound";
  const seconds = declaredSeconds(state.pcm);
  return { taken: 16, wantsBytes: 1, ...(seconds <= maxSeconds && { declaredSeconds: seconds }) };
}

function layoutOf(comm: DataView): PcmLayout {
  if (comm.byteLength < 18) throw damaged("the COMM chunk of the AIFF file is too short");
  const channels = comm.getUint16(0);
  const rateHz = Math.round(extended(comm, 8));
  const compression = comm.byteLength >= 22 ? text(new Uint8Array(comm.buffer, comm.byteOffset), 18) : "NONE";
  if (channels === 0 || !(rateHz > 0)) throw damaged("the AIFF header says 0 channels or 0 samples a second");
  if (channels > channelRange[1])
    throw unsupported(`AIFF with ${channels} channels; at most ${channelRange[1]} are read`);
  if (rateHz < rateRangeHz[0] || rateHz > rateRangeHz[1]) throw unsupported(`AIFF with ${rateHz} samples a second`);
  return { form: formOf(compression, comm.getUint16(6)), rateHz, channels, littleEndian: compression === "sowt" };
}

const forms: Readonly<Record<string, SampleForm>> = {
  fl32: "f32",
  FL32: "f32",
  fl64: "f64",
  FL64: "f64",
  alaw: "alaw",
  ALAW: "alaw",
  ulaw: "mulaw",
  ULAW: "mulaw",
  in24: "s24",
  in32: "s32",
  "raw ": "u8",
};
const integerForms: readonly SampleForm[] = ["s8", "s16", "s24", "s32"];

function formOf(compression: string, bits: number): SampleForm {
  const form = forms[compression];
  if (form !== undefined) return form;
  if (!["NONE", "twos", "sowt"].includes(compression))
    throw unsupported(`AIFF with ${JSON.stringify(compression)} inside`);
  const integer = integerForms[Math.ceil(bits / 8) - 1];
  if (integer === undefined) throw unsupported(`AIFF with ${bits}-bit samples`);
  return integer;
}

/** A number of 80 bits: sign and exponent in 16, then the mantissa with its leading one. */
function extended(view: DataView, at: number): number {
  const exponent = (view.getUint16(at) & 0x7fff) - 16_383;
  return Number(view.getBigUint64(at + 2)) * 2 ** (exponent - 63);
}

function text(bytes: Uint8Array, at: number): string {
  return Buffer.from(bytes.subarray(at, at + 4)).toString("latin1");
}
