import type { LiveOutput } from "./types.ts";

/** So much audio without a word of it, and whoever sends it may have a reason to look. */
export const unheardSeconds = 10;

/**
 * Notices that audio comes and nothing of it is recognised: of a microphone that is off, or of samples that are taken for
 * something else than they are. Said once, and not to who has been heard.
 */
export class Unheard {
  readonly #now: () => number;
  /** Where in the audio, and when, nothing was open for the last time. */
  #sinceAudio = 0;
  #sinceMs: number;
  #isSpeaking = false;
  #isDone = false;

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
    this.#sinceMs = now();
  }

  /** What is told to the client. @param audioSeconds that have come */
  heard(output: LiveOutput, audioSeconds: number): void {
    if (output.type === "final" || (output.type === "partial" && output.text !== "")) this.#isDone = true;
    if (output.type !== "speech_started" && output.type !== "speech_ended") return;
    this.#isSpeaking = output.type === "speech_started";
    this.#begin(audioSeconds);
  }

  /** Whether it is to be said, as audio comes: who sends faster than it was spoken is heard first. */
  isDue(audioSeconds: number): boolean {
    if (this.#isDone || this.#isSpeaking) return false;
    const isLong = audioSeconds - this.#sinceAudio >= unheardSeconds;
    return isLong && this.#now() - this.#sinceMs >= unheardSeconds * 1000 && this.#say();
  }

  /** The same once all was recognised. */
  isDueAtEnd(audioSeconds: number): boolean {
    return !this.#isDone && audioSeconds >= unheardSeconds && this.#say();
  }

  #say(): true {
    this.#isDone = true;
    return true;
  }

  #begin(audioSeconds: number): void {
    this.#sinceAudio = audioSeconds;
    this.#sinceMs = this.#now();
  }
}
