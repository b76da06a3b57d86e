import { sampleRateHz } from "../engine.ts";

/** What detectors judge at once, samples: 32 ms. */
export const frameSamples = 512;

/** The real signal that is kept before and after speech: models lose the first word without it. */
export const paddingSamples = 0.3 * sampleRateHz;

/** Says where in a stream somebody speaks. One object follows one stream. */
export interface SpeechDetector {
  /** How many samples before a frame its answer refers to; models look back. */
  readonly lagSamples: number;
  /** Whether there is speech in the next frame of the stream, `frameSamples` long. */
  isSpeech(frame: Float32Array): boolean;
  /** Gives back what it has lent. Safe to call twice. */
  close(): void;
}

/** Root mean square. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / samples.length);
}

/** Anything outside of this is no audio, and would poison a recurrent model for good. */
const loudestSample = 4;

/** Makes silence of samples that cannot be sound, in place. */
export function clean(frame: Float32Array): void {
  for (let index = 0; index < frame.length; index += 1) {
    if (!(Math.abs(frame[index] ?? 0) <= loudestSample)) frame[index] = 0;
  }
}
