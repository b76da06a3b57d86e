import { viewOf } from "./byte-view.ts";

/** How one sample is written. */
export type SampleForm = "u8" | "s8" | "s16" | "s24" | "s32" | "f32" | "f64" | "alaw" | "mulaw";

/** How uncompressed samples lie in memory: frames of one sample a channel. */
export interface PcmLayout {
  readonly form: SampleForm;
  readonly rateHz: number;
  readonly channels: number;
  readonly littleEndian: boolean;
}

/** What is taken from a file or a content type; beyond these it is a mistake or an attack. */
export const rateRangeHz = [1000, 768_000] as const;
export const channelRange = [1, 64] as const;

export const sampleBytes: Readonly<Record<SampleForm, number>> = {
  u8: 1,
  s8: 1,
  s16: 2,
  s24: 3,
  s32: 4,
  f32: 4,
  f64: 8,
  alaw: 1,
  mulaw: 1,
};

export function frameBytes(layout: PcmLayout): number {
  return sampleBytes[layout.form] * layout.channels;
}

const alawValues = Float32Array.from({ length: 256 }, (_, code) => alawValue(code));
const mulawValues = Float32Array.from({ length: 256 }, (_, code) => mulawValue(code));

/** Whole frames of bytes as samples in [-1, 1], frame by frame. */
export function samplesOf(bytes: Uint8Array, layout: PcmLayout): Float32Array<ArrayBuffer> {
  const { form, channels, littleEndian } = layout;
  const frames = Math.floor(bytes.byteLength / frameBytes(layout));
  const samples = new Float32Array(frames * channels);
  convert[form](viewOf(bytes), samples, littleEndian);
  return samples;
}

type Convert = (view: DataView, to: Float32Array, littleEndian: boolean) => void;

// A loop each, not one loop that calls a reader: the call would cost seven times the work.
const convert: Readonly<Record<SampleForm, Convert>> = {
  u8: (view, to) => {
    for (let i = 0; i < to.length; i++) to[i] = (view.getUint8(i) - 128) / 128;
  },
  s8: (view, to) => {
    for (let i = 0; i < to.length; i++) to[i] = view.getInt8(i) / 128;
  },
  s16: (view, to, littleEndian) => {
    for (let i = 0; i < to.length; i++) to[i] = view.getInt16(2 * i, littleEndian) / 32_768;
  },
  s24: (view, to, littleEndian) => {
    const [high, low] = littleEndian ? [2, 0] : [0, 1];
    for (let i = 0; i < to.length; i++) {
      to[i] = ((view.getInt8(3 * i + high) << 16) | view.getUint16(3 * i + low, littleEndian)) / 8_388_608;
    }
  },
  s32: (view, to, littleEndian) => {
    for (let i = 0; i < to.length; i++) to[i] = view.getInt32(4 * i, littleEndian) / 2_147_483_648;
  },
  f32: (view, to, littleEndian) => {
    for (let i = 0; i < to.length; i++) to[i] = tame(view.getFloat32(4 * i, littleEndian));
  },
  f64: (view, to, littleEndian) => {
    for (let i = 0; i < to.length; i++) to[i] = tame(view.getFloat64(8 * i, littleEndian));
  },
  alaw: (view, to) => {
    for (let i = 0; i < to.length; i++) to[i] = alawValues[view.getUint8(i)] as number;
  },
  mulaw: (view, to) => {
    for (let i = 0; i < to.length; i++) to[i] = mulawValues[view.getUint8(i)] as number;
  },
};

/** Floats from a file or a decoder may be anything: no number, or none that is finite, becomes silence; what is too loud is clipped. */
export function tame(value: number): number {
  if (!Number.isFinite(value)) return 0;
  return value > 1 ? 1 : value < -1 ? -1 : value;
}

/** ITU-T G.711, A-law: sign, 3 bits of exponent, 4 of mantissa; every second bit inverted. */
function alawValue(code: number): number {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = ((bits & 15) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return (bits & 0x80 ? magnitude : -magnitude) / 32_768;
}

/** ITU-T G.711, mu-law: all bits inverted; 33 is added before the logarithm, here times four for 16 bits. */
function mulawValue(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  return (bits & 0x80 ? -magnitude : magnitude) / 32_768;
}
