import { VoxpoolError } from "../base/errors.ts";
import { type RecognizedSpan, sampleRateHz } from "../engine/engine.ts";
import type { SpeechEdge } from "./attempt.ts";
import { type Gap, nothingHeard, placeOf, shownOf, withOpen, withoutReplaced, withPiece } from "./provisional.ts";
import type { PartialsFrom, PartialsPlace, Session, SessionEvent, SessionSummary } from "./types.ts";

/** With so much audio waiting for the fast model what comes is not heard by it: what it would say of it comes too late. */
const mostBehindSamples = 10 * sampleRateHz;

/** So many places are known at which audio was left out; the oldest are forgotten. */
const mostGaps = 100;

export interface TwoPassParts {
  /** Gives the finals, and all else. */
  readonly main: Session;
  /** Gives partials; it was opened with `isPartialsOnly`. */
  readonly fast: Session;
  /** Text as the engines give it. */
  readonly isVerbatim: boolean;
  /** Told once when the fast one is lost. */
  readonly onLost: (error: VoxpoolError) => void;
}

/**
 * Two sessions of the same audio: a fast model gives the partials, another one the finals, which take their place. The
 * fast one holds nothing up: what it cannot take in time it does not hear, and when it is lost the other gives its own.
 */
export class TwoPassSession implements Session, PartialsFrom {
  readonly #parts: TwoPassParts;
  readonly #place: PartialsPlace;
  #heard = nothingHeard;
  /** Samples that the fast one was given, and those of them that it has not heard yet. */
  #given = 0;
  #behind = 0;
  #skipped = 0;
  #gaps: readonly Gap[] = [];
  #isLost = false;

  constructor(parts: TwoPassParts) {
    this.#parts = parts;
    this.#place = parts.main.givePartials(this);
    void this.#follow();
  }

  get info() {
    return this.#parts.main.info;
  }

  get folder() {
    return this.#parts.main.folder;
  }

  write(samples: Float32Array): Promise<void> {
    this.#give(samples);
    return this.#parts.main.write(samples);
  }

  caughtUp(sample: number): Promise<void> {
    return this.#parts.main.caughtUp(sample);
  }

  flush(): void {
    this.#parts.main.flush();
    this.#parts.fast.flush();
  }

  end(): void {
    this.#parts.main.end();
    this.#parts.fast.end();
  }

  cancel(error?: VoxpoolError): void {
    this.#leave();
    this.#parts.main.cancel(error);
    this.#parts.fast.cancel(error);
  }

  async *events(): AsyncIterable<SessionEvent> {
    const { main, fast } = this.#parts;
    try {
      yield* main.events();
      if (!this.#isLost) fast.finish();
    } finally {
      this.#leave();
      fast.cancel(); // without effect where it has finished
    }
  }

  finish(): void {
    this.#leave();
    this.#parts.main.finish();
    this.#parts.fast.finish();
  }

  summary(): SessionSummary {
    return this.#parts.main.summary();
  }

  givePartials(from: PartialsFrom): PartialsPlace {
    return this.#parts.main.givePartials(from);
  }

  /** The other one's finals: what they are of is shown no more. */
  replaced(spans: readonly RecognizedSpan[]): void {
    const last = spans.at(-1);
    if (last === undefined) return;
    if (last.goesOn === true) this.#parts.fast.flush();
    this.#heard = withoutReplaced(this.#heard, last.endSeconds);
    this.#show();
  }

  /** Utterances end for the fast one where they do for the other. */
  speech({ state }: SpeechEdge): void {
    if (state === "ended") this.#parts.fast.flush();
  }

  #give(samples: Float32Array): void {
    if (this.#isLost) return;
    if (this.#behind > mostBehindSamples) {
      this.#skipped += samples.length;
      const gaps = this.#gaps.filter(({ at }) => at < this.#given);
      this.#gaps = [...gaps, { at: this.#given, skipped: this.#skipped }].slice(-mostGaps);
      return;
    }
    this.#given += samples.length;
    this.#behind += samples.length;
    void this.#hear(samples, this.#given);
  }

  async #hear(samples: Float32Array, to: number): Promise<void> {
    const { fast } = this.#parts;
    try {
      await fast.write(samples);
      await fast.caughtUp(to);
    } catch {
      // What has ended it is told by its events.
    }
    this.#behind -= samples.length;
  }

  async #follow(): Promise<void> {
    try {
      for await (const event of this.#parts.fast.events()) this.#take(event);
    } catch (error) {
      this.#lose(VoxpoolError.from(error));
    }
  }

  #take(event: SessionEvent): void {
    const place = (seconds: number): number => placeOf(this.#gaps, seconds, sampleRateHz);
    if (event.type === "partial") this.#heard = withOpen(this.#heard, place(event.startSeconds), event.text);
    else if (event.type === "final") {
      const { start, end, text } = event.segment;
      this.#heard = withPiece(this.#heard, { startSeconds: place(start), endSeconds: place(end), text });
    } else return;
    this.#show();
  }

  #show(): void {
    const shown = this.#isLost ? undefined : shownOf(this.#heard, this.#parts.isVerbatim);
    if (shown) this.#place.show({ ...shown, endSeconds: shown.startSeconds });
  }

  #lose(error: VoxpoolError): void {
    if (this.#isLost) return;
    this.#leave();
    this.#parts.onLost(error);
  }

  #leave(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#place.giveBack();
  }
}
