import type { SpeechEdge } from "./attempt.ts";

/** Hears who begins and ends to speak, once each, although a process that takes over hears the same again. */
export class Speaking {
  #isSpeaking = false;
  /** Nothing before this is told any more. */
  #toldTo = -1;

  /** Whether it is news. */
  hear({ state, sample }: SpeechEdge): boolean {
    const begins = state === "started";
    if (begins === this.#isSpeaking || sample <= this.#toldTo) return false;
    this.#isSpeaking = begins;
    this.#toldTo = sample;
    return true;
  }
}
