/** What detectors judge at once, samples: 32 ms. */
export const frameSamples = 512;

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
