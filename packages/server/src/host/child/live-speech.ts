import { type LiveSettings, sampleRateHz } from "../../engine/engine.ts";
import type { LiveSegmenter, OpenSpeech, SpeechSegment } from "../../engine/segmenter.ts";
import type { SpeechState } from "../wire.ts";
import { Ahead, type Decoded, hasPause, leastPauseSamples } from "./ahead.ts";
import { Unheard } from "./unheard.ts";

/** Less new speech than this is not worth a decode of everything so far. */
const newSpeechSamples = 0.3 * sampleRateHz;

/** At its beginning an utterance costs little to decode, and nothing of it is shown yet. */
const beginningSamples = 0.8 * sampleRateHz;
const newAtBeginningSamples = 0.1 * sampleRateHz;

/** Before that, models hear nothing. */
const leastSpeechSamples = 0.2 * sampleRateHz;

/** After so much silence a pause may have begun: its decode is waited for, so that no other stands in its way. */
const gapSamples = 0.1 * sampleRateHz;

export interface LiveSpeechParts {
  readonly segmenter: LiveSegmenter;
  readonly settings: LiveSettings;
  /** No segment may be longer. */
  readonly maxSegmentSeconds: number;
  readonly tell: (state: SpeechState, sample: number) => void;
  /** Asks for a permit to decode what is said so far, which ends at a sample; gives the number of the work. */
  readonly ask: (open: { readonly start: number; readonly end: number }) => number;
}

/** An utterance that is over, or a part of one that grew too long. */
export interface LiveSegment {
  readonly segment: SpeechSegment;
  /** Its decode, if that has begun already. */
  readonly decoding: Promise<Decoded> | undefined;
  /** So often somebody began anew before it was over. */
  readonly era: number;
}

/** What is said so far. */
export interface LivePartial {
  readonly segment: SpeechSegment;
  /** A pause follows, as far as is known. */
  readonly isPaused: boolean;
  /** Whether somebody wants to see it; to be asked when it is decoded. */
  readonly isWanted: () => boolean;
}

/**
 * What becomes of speech while it is under way: where it begins and ends, and partials. One partial waits or runs at a
 * time; the next is asked for when there is new speech that it can show, and once in a pause: should that end the
 * utterance, its final is there already.
 */
export class LiveSpeech {
  readonly #parts: LiveSpeechParts;
  readonly #ahead = new Ahead();
  readonly #unheard: Unheard;
  #isSpeaking = false;
  /** The partial that waits or runs. */
  #asked: number | undefined;
  /** Where speech ended in the last decode of it, and whether the pause behind it was in that too. */
  #decoded = { end: 0, isPaused: false };
  #era = 0;
  #partials: boolean;
  /** Grows when an utterance is over. */
  #utterance = 0;
  /** What is decoded before the utterance under way, once that has been decoded. */
  #before: { readonly unheard: SpeechSegment | undefined } | undefined;

  constructor(parts: LiveSpeechParts) {
    this.#parts = parts;
    this.#partials = parts.settings.partials;
    this.#unheard = new Unheard(parts.maxSegmentSeconds * sampleRateHz);
  }

  /** Whether what is said so far is to be shown, from now on. */
  wantPartials(wanted: boolean): void {
    this.#partials = wanted;
    if (!wanted) return;
    // What was decoded so far was shown to nobody.
    this.#decoded = { end: 0, isPaused: false };
    this.look();
  }

  /** What was said so far ends here: its segments. */
  split(): readonly SpeechSegment[] {
    return this.#parts.segmenter.split();
  }

  /** Who ended what was said so far by hand begins anew: nothing of it is heard once more. Call behind its `cut`s. */
  beginAnew(): void {
    this.#era += 1;
    this.#unheard.forget();
  }

  /** A segment was cut. Call before it is announced. @returns what to decode of it */
  cut(cut: SpeechSegment): LiveSegment {
    this.#begin(cut.start);
    const segment = this.#withUnheard(cut);
    this.#utterance += 1;
    this.#asked = undefined; // what waits is of no use any more, and what runs is given to nobody but the final
    this.#before = undefined;
    if (!cut.goesOn) {
      this.#isSpeaking = false;
      this.#parts.tell("ended", cut.end);
    }
    return { segment, decoding: this.#ahead.take(segment), era: this.#era };
  }

  /** Nothing was heard in a segment. */
  keepUnheard({ segment, era }: LiveSegment): void {
    if (era === this.#era) this.#unheard.keep(segment);
  }

  /** Samples were heard, or a partial is done. */
  look(): void {
    const { segmenter, ask } = this.#parts;
    const { open } = segmenter;
    if (open === undefined) return;
    this.#begin(open.start);
    if (this.#asked === undefined && this.#isWanted(open)) this.#asked = ask(open);
  }

  #isWanted({ start, end, heardTo }: OpenSpeech): boolean {
    const newSamples = end - Math.max(start, this.#decoded.end);
    if (heardTo - end >= leastPauseSamples) return newSamples > 0 || !this.#decoded.isPaused;
    if (heardTo - end >= gapSamples) return false;
    if (!this.#partials || end - start < leastSpeechSamples) return false;
    return newSamples >= (end - start < beginningSamples ? newAtBeginningSamples : newSpeechSamples);
  }

  /**
   * The permit for a partial is there: what is to be decoded; undefined if it is of no use any more.
   */
  take(work: number): LivePartial | undefined {
    if (work !== this.#asked) return undefined;
    const open = this.#parts.segmenter.copyOpen();
    if (open === undefined) return undefined;
    const isPaused = hasPause(open);
    this.#decoded = { end: open.end, isPaused };
    const utterance = this.#utterance;
    const isWanted = () => this.#partials && utterance === this.#utterance;
    return { segment: this.#withUnheard(open), isPaused, isWanted };
  }

  /** A partial is being decoded. */
  decoding(segment: SpeechSegment, decoded: Promise<Decoded>): void {
    this.#ahead.keep(segment, decoded);
  }

  /** A partial is done. */
  done(work: number): void {
    if (work === this.#asked) this.#asked = undefined;
  }

  /** What is decoded together stays together until the utterance is over. */
  #withUnheard(segment: SpeechSegment): SpeechSegment {
    this.#before ??= { unheard: this.#unheard.takeBefore(segment.start) };
    return this.#unheard.join(this.#before.unheard, segment);
  }

  #begin(sample: number): void {
    if (this.#isSpeaking) return;
    this.#isSpeaking = true;
    this.#parts.tell("started", sample);
  }
}
