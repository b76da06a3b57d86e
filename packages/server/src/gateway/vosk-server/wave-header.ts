import { isSampleRate } from "./message.ts";

/** The head of a WAV file that was sent as if it were audio, which samples in four languages do. */
export interface WaveHead {
  /** So many bytes stand before the samples. */
  readonly bytes: number;
  readonly sampleRateHz: number;
}

/**
 * Finds it in the first message of a connection; undefined: there is none, or it does not end in it.
 * Chunks are walked as RIFF has them: `fmt ` gives the rate, `data` is where samples begin.
 */
export function waveHead(message: Uint8Array): WaveHead | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message.length < 12 || tag(view, 0) !== "RIFF" || tag(view, 8) !== "WAVE") return undefined;
  let sampleRateHz = 0;
  for (let at = 12; at + 8 <= message.length; ) {
    const name = tag(view, at);
    const size = view.getUint32(at + 4, true);
    if (name === "data") return isSampleRate(sampleRateHz) ? { bytes: at + 8, sampleRateHz } : undefined;
    if (name === "fmt " && at + 16 <= message.length) sampleRateHz = view.getUint32(at + 12, true);
    at += 8 + size + (size % 2);
  }
  return undefined;
}

const tag = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
