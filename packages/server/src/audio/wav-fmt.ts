import { damaged, unsupported } from "./format.ts";
import { channelRange, type PcmLayout, rateRangeHz, type SampleForm } from "./pcm.ts";

const tagPcm = 0x0001;
const tagFloat = 0x0003;
const tagAlaw = 0x0006;
const tagMulaw = 0x0007;
const tagExtensible = 0xfffe;

/** What else is found in WAV files, for messages. */
const otherCodecs: Readonly<Record<number, string>> = {
  2: "Microsoft ADPCM",
  17: "IMA ADPCM",
  49: "GSM 6.10",
  80: "MPEG audio",
  85: "MP3",
  255: "AAC",
  353: "Windows Media Audio",
};

/**
 * The layout that a `fmt ` chunk describes; `view` holds its first 40 bytes, or fewer if it is shorter.
 * @throws VoxpoolError `audio_invalid` when it cannot be, `audio_unsupported` when it is another codec
 */
export function layoutOfFmt(view: DataView, littleEndian: boolean): PcmLayout {
  if (view.byteLength < 14) throw damaged("the format chunk of the WAV file is too short");
  const channels = view.getUint16(2, littleEndian);
  const rateHz = view.getUint32(4, littleEndian);
  if (channels === 0 || rateHz === 0) throw damaged("the WAV header says 0 channels or 0 samples a second");
  if (channels > channelRange[1])
    throw unsupported(`WAV with ${channels} channels; at most ${channelRange[1]} are read`);
  if (rateHz < rateRangeHz[0] || rateHz > rateRangeHz[1]) {
    throw unsupported(`WAV with ${rateHz} samples a second; ${rateRangeHz[0]} to ${rateRangeHz[1]} are read`);
  }
  return { form: formOf(view, littleEndian, channels), rateHz, channels, littleEndian };
}

function formOf(view: DataView, littleEndian: boolean, channels: number): SampleForm {
  const tag = codecTag(view, littleEndian);
  if (tag === tagAlaw) return "alaw";
  if (tag === tagMulaw) return "mulaw";
  if (tag !== tagPcm && tag !== tagFloat) {
    throw unsupported(`WAV with ${otherCodecs[tag] ?? `codec ${tag}`} inside; PCM, float, A-law and mu-law are read`);
  }
  const bits = bitsOf(view, littleEndian, channels);
  const form = tag === tagPcm ? integerForms[containerBits(view, littleEndian, channels, bits)] : floatForms[bits];
  if (form === undefined) {
    throw unsupported(`WAV with ${bits}-bit samples; 8, 16, 24 and 32-bit PCM, 32 and 64-bit float are read`);
  }
  return form;
}

const integerForms: Readonly<Record<number, SampleForm>> = { 8: "u8", 16: "s16", 24: "s24", 32: "s32" };
const floatForms: Readonly<Record<number, SampleForm>> = { 32: "f32", 64: "f64" };

/** The codec; WAVE_FORMAT_EXTENSIBLE has it in the first two bytes of its GUID. */
function codecTag(view: DataView, littleEndian: boolean): number {
  const tag = view.getUint16(0, littleEndian);
  if (tag !== tagExtensible) return tag;
  return view.byteLength >= 26 ? view.getUint16(24, littleEndian) : tagPcm;
}

/** Bits of a sample; the oldest form of the chunk has no such field. */
function bitsOf(view: DataView, littleEndian: boolean, channels: number): number {
  if (view.byteLength >= 16) return view.getUint16(14, littleEndian);
  return (view.getUint16(12, littleEndian) / channels) * 8;
}

/**
 * Bits that an integer takes up in the file. 12 or 20 bits sit at the top of the next whole bytes, or of more
 * if the size of a frame says so.
 */
function containerBits(view: DataView, littleEndian: boolean, channels: number, bits: number): number {
  const byFrame = (view.getUint16(12, littleEndian) / channels) * 8;
  const whole = Math.ceil(bits / 8) * 8;
  return bits > 0 && byFrame > whole && byFrame in integerForms ? byFrame : whole;
}
