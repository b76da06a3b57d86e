/** Writes WAV files in every form there is; written from the specifications, on its own. */

export type Form = "u8" | "s16" | "s24" | "s32" | "f32" | "f64" | "alaw" | "mulaw";

export interface WavOptions {
  readonly form?: Form;
  readonly rate?: number;
  readonly channels?: number;
  readonly bigEndian?: boolean;
  readonly extensible?: boolean;
  /** `RF64` and `BW64` carry their sizes in a ds64 chunk. */
  readonly kind?: "RIFF" | "RIFX" | "RF64" | "BW64";
  /** What the header says instead of the size of the sound. */
  readonly dataSize?: number;
  readonly riffSize?: number;
  /** Bits that the header says, when not those of the form. */
  readonly bits?: number;
  /** Chunks before and after the sound, whole. */
  readonly before?: readonly Uint8Array[];
  readonly after?: readonly Uint8Array[];
}

const bytesOf: Readonly<Record<Form, number>> = { u8: 1, s16: 2, s24: 3, s32: 4, f32: 4, f64: 8, alaw: 1, mulaw: 1 };

/** `samples` are interleaved when there is more than one channel. */
export function writeWav(samples: ArrayLike<number>, options: WavOptions = {}): Uint8Array {
  const kind = options.kind ?? (options.bigEndian === true ? "RIFX" : "RIFF");
  const little = kind !== "RIFX";
  const wide = kind === "RF64" || kind === "BW64";
  const sound = encode(samples, options.form ?? "s16", little);
  const sizes = wide ? [chunk("ds64", ds64(sound.length), little)] : [];
  const data = chunk("data", sound, little, wide ? 0xffff_ffff : options.dataSize);
  const body = [
    ascii("WAVE"),
    ...sizes,
    ...(options.before ?? []),
    fmt(options, little),
    data,
    ...(options.after ?? []),
  ];
  return chunk(kind, Buffer.concat(body), little, wide ? 0xffff_ffff : options.riffSize);
}

export function chunk(id: string, body: Uint8Array, little = true, size = body.length): Uint8Array {
  const head = Buffer.alloc(8);
  head.write(id, 0, "latin1");
  if (little) head.writeUInt32LE(size, 4);
  else head.writeUInt32BE(size, 4);
  return Buffer.concat([head, body, new Uint8Array(body.length % 2)]);
}

function ascii(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

function ds64(soundBytes: number): Uint8Array {
  const body = Buffer.alloc(28);
  body.writeBigUInt64LE(BigInt(soundBytes + 80), 0);
  body.writeBigUInt64LE(BigInt(soundBytes), 8);
  return body;
}

function fmt({ form = "s16", rate = 16_000, channels = 1, extensible = false, bits }: WavOptions, little: boolean) {
  const tag = form === "alaw" ? 6 : form === "mulaw" ? 7 : form === "f32" || form === "f64" ? 3 : 1;
  const width = bytesOf[form];
  const view = new DataView(new ArrayBuffer(extensible ? 40 : 16));
  view.setUint16(0, extensible ? 0xfffe : tag, little);
  view.setUint16(2, channels, little);
  view.setUint32(4, rate, little);
  view.setUint32(8, rate * channels * width, little);
  view.setUint16(12, channels * width, little);
  view.setUint16(14, bits ?? width * 8, little);
  if (extensible) {
    view.setUint16(16, 22, little);
    view.setUint16(18, bits ?? width * 8, little);
    view.setUint16(24, tag, little);
    new Uint8Array(view.buffer).set([0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71], 26);
  }
  return chunk("fmt ", new Uint8Array(view.buffer), little);
}

function encode(samples: ArrayLike<number>, form: Form, little: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(samples.length * bytesOf[form]));
  for (let i = 0; i < samples.length; i++) put(view, i, samples[i] ?? 0, form, little);
  return new Uint8Array(view.buffer);
}

function put(view: DataView, i: number, value: number, form: Form, little: boolean): void {
  const whole = (scale: number) => Math.max(-scale, Math.min(scale - 1, Math.round(value * scale)));
  if (form === "u8") view.setUint8(i, whole(128) + 128);
  else if (form === "s16") view.setInt16(2 * i, whole(32_768), little);
  else if (form === "s32") view.setInt32(4 * i, whole(2 ** 31), little);
  else if (form === "f32") view.setFloat32(4 * i, value, little);
  else if (form === "f64") view.setFloat64(8 * i, value, little);
  else if (form === "alaw") view.setUint8(i, nearest(alawTable, value));
  else if (form === "mulaw") view.setUint8(i, nearest(mulawTable, value));
  else {
    const bits = whole(2 ** 23) & 0xff_ffff;
    for (let byte = 0; byte < 3; byte++) view.setUint8(3 * i + byte, (bits >> (8 * (little ? byte : 2 - byte))) & 255);
  }
}

/** Values of all codes by the segment formulas of G.711, as fractions of full scale. */
export const alawTable = Array.from({ length: 256 }, (_, code) => {
  const plain = code ^ 0x55;
  const segment = (plain & 0x70) / 16;
  const step = plain & 0x0f;
  const size = segment === 0 ? 2 * step + 1 : (2 * step + 33) * 2 ** (segment - 1);
  return ((plain & 0x80) === 0 ? -size : size) / 4096;
});

export const mulawTable = Array.from({ length: 256 }, (_, code) => {
  const plain = 255 - code;
  const segment = (plain & 0x70) / 16;
  const size = (2 * (plain & 0x0f) + 33) * 2 ** segment - 33;
  return ((plain & 0x80) === 0 ? size : -size) / 8192;
});

function nearest(table: readonly number[], value: number): number {
  let best = 0;
  for (let code = 1; code < table.length; code++) {
    if (Math.abs((table[code] ?? 0) - value) < Math.abs((table[best] ?? 0) - value)) best = code;
  }
  return best;
}
