import type { SpeechDetector } from "./detector.ts";

/**
 * Remembers from where on something could be heard in an input in which no speech was found so far, so that
 * it is kept. Once there was speech, or noise for longer than `maxSamples`, nothing is kept any more.
 */
export class Audible {
  readonly #ear: SpeechDetector;
  readonly #maxSamples: number;
  #listening = true;
  #from: number | undefined;

  constructor(ear: SpeechDetector, maxSamples: number) {
    this.#ear = ear;
    this.#maxSamples = maxSamples;
  }

  /** The first sample to keep; undefined: nothing is to be kept. */
  get from(): number | undefined {
    return this.#from;
  }

  /** Takes the next frame; `from` and `to` are its place, `before` is what is kept before the first sound. */
  hear(frame: Float32Array, from: number, to: number, before: number): void {
    if (!this.#listening) return;
    if (this.#from === undefined && this.#ear.isSpeech(frame)) this.#from = Math.max(0, from - before);
    if (this.#from !== undefined && to - this.#from > this.#maxSamples) this.stop();
  }

  /** From here on the detector is believed: it has found speech, or this is a place with noise. */
  stop(): void {
    this.#listening = false;
    this.#from = undefined;
    this.#ear.close();
  }
}
