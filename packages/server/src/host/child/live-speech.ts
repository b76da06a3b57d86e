import type { LiveSettings } from "../../engine/engine.ts";
import type { LiveSegmenter, SpeechSegment } from "../../engine/segmenter.ts";
import type { SpeechState } from "../wire.ts";

/** Less new speech than this is not worth a decode of everything so far. */
const newSpeechSamples = 4_800;

/** Where no pause ends an utterance, what was said last is shown after a pause of this length. */
const shownPauseSamples = 3_200;

export interface LiveSpeechParts {
  readonly segmenter: LiveSegmenter;
  readonly settings: LiveSettings;
  readonly tell: (state: SpeechState, sample: number) => void;
  /** Asks for a permit to decode what is said so far, which ends at a sample; gives the number of the work. */
  readonly ask: (open: { readonly start: number; readonly end: number }) => number;
}

/**
 * What is told of speech while it is under way: where it begins and ends, and partials. One partial waits or runs at a
 * time; the next is asked for when there is new speech that it can show. The pause that ends an utterance brings no new
 * speech, so that no partial stands in the way of the final.
 */
export class LiveSpeech {
  readonly #parts: LiveSpeechParts;
  #isSpeaking = false;
  /** The partial that waits or runs. */
  #asked: number | undefined;
  /** Where speech ended in the last partial. */
  #shownTo = 0;
  /** Grows when an utterance is over. */
  #utterance = 0;

  constructor(parts: LiveSpeechParts) {
    this.#parts = parts;
  }

  /** What was said so far ends here: its segments. */
  split(): readonly SpeechSegment[] {
    return this.#parts.segmenter.split();
  }

  /** A segment was cut. Call before it is announced. */
  cut({ start, end, goesOn }: SpeechSegment): void {
    this.#utterance += 1;
    this.#asked = undefined; // what waits is of no use any more, and what runs is given to nobody
    this.#begin(start);
    if (goesOn) return;
    this.#isSpeaking = false;
    this.#parts.tell("ended", end);
  }

  /** Samples were heard, or a partial is done. */
  look(): void {
    const { segmenter, settings, ask } = this.#parts;
    const { open } = segmenter;
    if (open === undefined) return;
    this.#begin(open.start);
    if (!settings.partials || this.#asked !== undefined) return;
    const newSamples = open.end - Math.max(open.start, this.#shownTo);
    const isPaused = settings.manual && open.heardTo - open.end >= shownPauseSamples;
    if (newSamples < (isPaused ? 1 : newSpeechSamples)) return;
    this.#asked = ask(open);
  }

  /**
   * The permit for a partial is there: what is to be decoded; undefined if it is of no use any more.
   * @returns also whether the utterance goes on, to be asked when it is decoded
   */
  take(work: number): { readonly segment: SpeechSegment; readonly isCurrent: () => boolean } | undefined {
    if (work !== this.#asked) return undefined;
    const segment = this.#parts.segmenter.copyOpen();
    if (segment === undefined) return undefined;
    const utterance = this.#utterance;
    this.#shownTo = segment.end;
    return { segment, isCurrent: () => utterance === this.#utterance };
  }

  /** A partial is done. */
  done(work: number): void {
    if (work === this.#asked) this.#asked = undefined;
  }

  #begin(sample: number): void {
    if (this.#isSpeaking) return;
    this.#isSpeaking = true;
    this.#parts.tell("started", sample);
  }
}
