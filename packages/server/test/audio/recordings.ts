import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

const folder = new URL("../fixtures/recordings/", import.meta.url);
const source = new URL("../../assets/jfk.wav", import.meta.url);

/** A small file in one of the formats. */
export function recording(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(name, folder)));
}

/** What the recordings of speech were made from: 16 kHz, from 0.3 seconds on. */
export function original(seconds: number): Float32Array {
  const bytes = readFileSync(source);
  const from = bytes.indexOf("data") + 8 + 2 * 16_000 * 0.3;
  return Float32Array.from({ length: seconds * 16_000 }, (_, n) => bytes.readInt16LE(from + 2 * n) / 32_768);
}

export const hasFfmpeg = (process.env.PATH ?? "").split(delimiter).some((directory) => {
  try {
    accessSync(join(directory, process.platform === "win32" ? "ffmpeg.exe" : "ffmpeg"), constants.X_OK);
    return true;
  } catch {
    return false;
  }
});

export const noFfmpeg = "ffmpeg is not on the PATH";

/** How alike two signals are, from -1 to 1, whatever their loudness; the second one may come up to 2 ms later or earlier. */
export function likeness(a: Float32Array, b: Float32Array): number {
  let best = -1;
  for (let lag = -32; lag <= 32; lag++) best = Math.max(best, correlation(a, b, lag));
  return best;
}

function correlation(a: Float32Array, b: Float32Array, lag: number): number {
  let both = 0;
  let ofA = 0;
  let ofB = 0;
  for (let n = 32; n < Math.min(a.length, b.length) - 32; n++) {
    const x = a[n] ?? 0;
    const y = b[n + lag] ?? 0;
    both += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  return both / Math.sqrt(ofA * ofB || 1);
}

/** Loudness of one frequency in 16 kHz samples: amplitude of a sine. */
export function amplitudeAt(samples: Float32Array, hz: number): number {
  let re = 0;
  let im = 0;
  for (const [n, value] of samples.entries()) {
    re += value * Math.cos((2 * Math.PI * hz * n) / 16_000);
    im += value * Math.sin((2 * Math.PI * hz * n) / 16_000);
  }
  return (2 * Math.hypot(re, im)) / samples.length;
}
