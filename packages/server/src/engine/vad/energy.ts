import { loudness, type SpeechDetector } from "./detector.ts";

/** -46 dB: above the noise of a quiet room, below a whisper into a microphone. */
const loudEnough = 0.005;

/** Takes everything that can be heard for speech. For tones, tests, and speech that a model has missed. */
export class EnergyDetector implements SpeechDetector {
  readonly lagSamples = 0;

  isSpeech(frame: Float32Array): boolean {
    return loudness(frame) >= loudEnough;
  }

  close(): void {
    // It holds nothing.
  }
}
