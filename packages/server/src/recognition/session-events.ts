import { type EngineInfo, type RecognizedSpan, sampleRateHz } from "../engine/engine.ts";
import { joinText } from "../engine/text/join.ts";
import {
  type Agreement,
  keepStable,
  keepStableOfCut,
  nothingShown,
  type Shown,
  showNext,
  withoutMarks,
} from "./agreement.ts";
import { longestUtteranceSeconds, type SpeechEdge, type Step } from "./attempt.ts";
import { toSegment, wordsOf } from "./segments.ts";
import type { OpenSession, SessionEvent } from "./types.ts";

/** What a session's reader is told of. */
export type ReaderStep =
  | Exclude<Step, { kind: "partial" }>
  /** `isForeign`: of another model than the one that gives the final. */
  | (Extract<Step, { kind: "partial" }> & { readonly isForeign?: true })
  | ({ readonly kind: "speech" } & SpeechEdge);

type Unnumbered = SessionEvent extends infer E ? (E extends { number: number } ? Omit<E, "number"> : never) : never;

/** A recogniser that follows the stream changes little of what it has. */
const following: Agreement = { text: 1, stable: 2, openWords: 0 };

/** One that hears all anew each time guesses at the last word, which is half of one, but not where a pause follows. */
const hearingAnew: Agreement = { text: 2, stable: 3, openWords: 2 };
const inPause: Agreement = { ...hearingAnew, text: 1 };

/** Makes events of steps: numbers them and their segments, and keeps what is shown of the utterance under way. */
export class SessionEvents {
  readonly #options: OpenSession;
  readonly #info: EngineInfo;
  #number = 0;
  #segments = 0;
  #settledSeconds = 0;
  #shown = nothingShown;

  constructor(options: OpenSession, info: EngineInfo) {
    this.#options = options;
    this.#info = info;
  }

  /** @param processedSeconds what is done of the recording */
  *of(step: ReaderStep, processedSeconds: number): Generator<SessionEvent, void> {
    for (const event of this.#unnumbered(step)) yield { ...event, number: ++this.#number };
    if (this.#options.live !== undefined) return; // who speaks knows how far
    yield { type: "progress", number: ++this.#number, processedSeconds, settledSeconds: this.#settledSeconds };
  }

  *#unnumbered(step: ReaderStep): Generator<Unnumbered, void> {
    switch (step.kind) {
      case "settled":
        this.#settle(this.#settledBy(step.settledSamples));
        break;
      case "work":
        for (const span of step.spans) yield* this.#final(span);
        break;
      case "partial":
        yield* this.#partial(step.span, step.isForeign === true);
        break;
      case "speech":
        yield { type: `speech_${step.state}`, atSeconds: round(step.sample / sampleRateHz) };
        break;
      case "flushed":
        yield { type: "flushed" };
        break;
    }
  }

  *#final(span: RecognizedSpan): Generator<Unnumbered, void> {
    const text = this.#finalText(span);
    const segment = toSegment(this.#segments, { ...span, text }, wordsOf(span, this.#options, this.#info));
    const wasShown = this.#shown.text !== "";
    this.#shown = nothingShown;
    if (segment.text === "") {
      // Who is told that speech has ended waits for its text.
      if (wasShown || this.#options.live?.partials === true) yield this.#nothing(span);
      return;
    }
    this.#segments += 1;
    this.#settle(segment.start);
    const { alternatives, speaker } = span;
    yield {
      type: "final",
      segment,
      ...(alternatives && { alternatives: alternatives.map((one) => ({ ...one, text: this.#textOf(one.text) })) }),
      ...(speaker && { speaker }),
    };
  }

  *#partial(span: RecognizedSpan, isForeign: boolean): Generator<Unnumbered, void> {
    const before = this.#shown;
    this.#shown = isForeign ? this.#foreign(span) : this.#next(span);
    const { text, stable } = this.#shown;
    if (text === before.text && stable === before.stable) return;
    yield { type: "partial", id: this.#segments, startSeconds: round(span.startSeconds), text, stable };
  }

  /** Tells that in an utterance nothing was said, whatever was shown of it. */
  #nothing({ startSeconds }: RecognizedSpan): Unnumbered {
    return { type: "partial", id: this.#segments, startSeconds: round(startSeconds), text: "", stable: "" };
  }

  #next({ text, isPaused }: RecognizedSpan): Shown {
    const heard = this.#textOf(text);
    if (this.#info.input === "frames") return showNext(this.#shown, heard, following);
    return isPaused && heard !== ""
      ? showNext(this.#shown, withoutMarks(heard), inPause)
      : showNext(this.#shown, heard, hearingAnew);
  }

  /** Nothing more becomes stable by what another model hears. */
  #foreign({ text }: RecognizedSpan): Shown {
    const { stable } = this.#shown;
    return { text: keepStable(stable, this.#textOf(text)), stable, heard: [] };
  }

  /** Begins with what was stable; the words are as the engine gives them. Who wants it verbatim gets no more than that. */
  #finalText({ text, goesOn }: RecognizedSpan): string {
    const heard = this.#textOf(text);
    const { stable } = this.#shown;
    if (heard === "" || this.#options.isVerbatim === true) return heard;
    return goesOn ? keepStableOfCut(stable, heard) : keepStable(stable, heard);
  }

  #textOf(text: string): string {
    return this.#options.isVerbatim === true ? text.trim() : joinText([text]);
  }

  #settle(seconds: number): void {
    this.#settledSeconds = Math.max(this.#settledSeconds, seconds);
  }

  #settledBy(samples: number): number {
    const seconds = samples / sampleRateHz;
    return this.#info.input === "frames" ? Math.max(0, seconds - longestUtteranceSeconds) : seconds;
  }
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;
