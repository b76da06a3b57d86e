import assert from "node:assert/strict";
import type { AudioChunk, AudioDecoder, DecodeAudioOptions } from "../../dist/audio/audio.js";

/** Everything a decoder makes of some bytes; of the first channel, if there are more. */
export async function decodeAll(
  decoder: AudioDecoder,
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  options: Partial<DecodeAudioOptions> = {},
): Promise<Float32Array> {
  const channels = await decodeChannels(decoder, bytes, options);
  return channels[0] ?? new Float32Array(0);
}

/** The same, of every channel. */
export async function decodeChannels(
  decoder: AudioDecoder,
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  options: Partial<DecodeAudioOptions> = {},
): Promise<Float32Array[]> {
  const input = bytes instanceof Uint8Array ? inPieces(bytes, bytes.length || 1) : bytes;
  const chunks: AudioChunk[] = [];
  for await (const chunk of decoder.decode(input, { maxSeconds: 3600, ...options }).samples) {
    assert.equal(chunk.length, chunks[0]?.length ?? chunk.length, "as many channels in every chunk");
    assert.ok(chunk.every(({ length }) => length === chunk[0].length, "of one length"));
    chunks.push(chunk);
  }
  return (chunks[0] ?? []).map((_, channel) => joined(chunks.map((chunk) => chunk[channel] ?? new Float32Array(0))));
}

/** Reads to the end and keeps nothing: for what decodes to more than a test should hold. */
export async function readThrough(
  decoder: AudioDecoder,
  bytes: Uint8Array,
  options: Partial<DecodeAudioOptions> = {},
): Promise<void> {
  const { samples } = decoder.decode(inPieces(bytes, bytes.length || 1), { maxSeconds: 3600, ...options });
  for await (const [mono] of samples) assert.ok(mono.length > 0);
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
