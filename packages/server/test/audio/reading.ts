import type { AudioDecoder, DecodeAudioOptions } from "../../dist/audio/audio.js";

/** Everything a decoder makes of some bytes. */
export async function decodeAll(
  decoder: AudioDecoder,
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  options: Partial<DecodeAudioOptions> = {},
): Promise<Float32Array> {
  const input = bytes instanceof Uint8Array ? inPieces(bytes, bytes.length || 1) : bytes;
  const chunks: Float32Array[] = [];
  for await (const chunk of decoder.decode(input, { maxSeconds: 3600, ...options }).samples) chunks.push(chunk);
  return joined(chunks);
}

/** Bytes in pieces of one size, or of the sizes given, over and over. */
export async function* inPieces(bytes: Uint8Array, ...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

export function joined(chunks: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** A sine of the frequency, amplitude 0.5. */
export function tone(hz: number, rate: number, seconds: number, amplitude = 0.5): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: Math.round(rate * seconds) },
    (_, n) => amplitude * Math.sin((2 * Math.PI * hz * n) / rate),
  );
}

/** Largest difference of two signals of one length. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>, from = 0, to = a.length): number {
  let most = 0;
  for (let n = from; n < to; n++) most = Math.max(most, Math.abs((a[n] ?? Number.NaN) - (b[n] ?? Number.NaN)));
  return most;
}
