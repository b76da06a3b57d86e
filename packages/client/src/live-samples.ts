import type { LiveEncoding } from "./contract/live.ts";

/** Audio as a session takes it: bytes in its encoding, or samples, where the encoding is one of samples. */
export type LiveAudio = Uint8Array | ArrayBuffer | Int16Array | Float32Array;

/**
 * The bytes of a piece of audio, in memory of their own. Samples are 16-bit numbers, or from -1 to 1.
 * @throws TypeError if it is neither bytes nor samples, or samples for an encoding of bytes
 */
export function bytesOf(audio: LiveAudio, encoding: LiveEncoding): Uint8Array<ArrayBuffer> {
  const name = nameOf(audio);
  if (name === "Uint8Array") return new Uint8Array(audio as Uint8Array);
  if (name === "ArrayBuffer") return new Uint8Array((audio as ArrayBuffer).slice(0));
  if (name === "Int16Array") return encode(audio as Int16Array, encoding, 32_768);
  if (name === "Float32Array") return encode(audio as Float32Array, encoding, 1);
  throw new TypeError("audio must be a Uint8Array, an ArrayBuffer, an Int16Array or a Float32Array");
}

/** By name, since test runners and frames have arrays of their own. */
function nameOf(audio: LiveAudio): string | undefined {
  if (typeof audio !== "object" || audio === null) return undefined;
  return (audio as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag];
}

/** @param full the value of a sample that is as loud as can be */
function encode(samples: Int16Array | Float32Array, encoding: LiveEncoding, full: number): Uint8Array<ArrayBuffer> {
  if (encoding !== "s16le" && encoding !== "f32le") {
    throw new TypeError(`a session in ${encoding} takes bytes; samples are for s16le and f32le`);
  }
  const isFloat = encoding === "f32le";
  const width = isFloat ? 4 : 2;
  const view = new DataView(new ArrayBuffer(samples.length * width));
  for (const [n, sample] of samples.entries()) {
    if (isFloat) view.setFloat32(n * 4, sample / full, true);
    else view.setInt16(n * 2, toInt16((sample / full) * 32_768), true);
  }
  return new Uint8Array(view.buffer);
}

/** Rounded and limited; what is no number is silence. */
function toInt16(value: number): number {
  return Math.round(Math.max(-32_768, Math.min(32_767, value))) || 0;
}
