import {
  type Recognized,
  type RecognizedSpan,
  type RecognizedWord,
  type SegmentEngine,
  type SessionOptions,
  sampleRateHz,
} from "../../engine/engine.ts";
import type { LiveSegmenter, Segmenter, SpeechSegment } from "../../engine/segmenter.ts";
import type { Decoded } from "./ahead.ts";
import { type LiveSegment, LiveSpeech } from "./live-speech.ts";
import { type ChildSession, consumedStepSamples, failureOf, type SessionContext, within } from "./session.ts";
import type { Sliced } from "./turns.ts";

/** The segmenter gets so many samples in a turn at most: a second, which is a few milliseconds of VAD. */
const sliceSamples = 16_000;

export interface SegmentSessionParts {
  readonly engine: SegmentEngine;
  /** One that can be split where the session is live. */
  readonly segmenter: Segmenter | LiveSegmenter;
  readonly options: SessionOptions;
  readonly context: SessionContext;
}

/** Cuts samples into segments of speech; each is a piece of work, and those that have permits run at once. */
export class SegmentSession implements ChildSession, Sliced {
  readonly #id: number;
  readonly #engine: SegmentEngine;
  readonly #segmenter: Segmenter;
  readonly #options: SessionOptions;
  readonly #context: SessionContext;
  readonly #live: LiveSpeech | undefined;
  readonly #inbox: (Float32Array | "flush")[] = [];
  /** Cut and not yet decoded, in order. */
  readonly #undone = new Map<number, LiveSegment>();
  readonly #granted = new Set<number>();
  #works = 0;
  #fedSamples = 0;
  #toldConsumed = 0;
  #inputEnded = false;
  #cut = false;
  #closed = false;

  constructor(id: number, { engine, segmenter, options, context }: SegmentSessionParts) {
    this.#id = id;
    this.#engine = engine;
    this.#segmenter = segmenter;
    this.#options = options;
    this.#context = context;
    if (options.live === undefined || !("split" in segmenter)) return;
    this.#live = new LiveSpeech({
      segmenter,
      settings: options.live,
      maxSegmentSeconds: engine.info.maxSegmentSeconds,
      tell: (state, sample) => context.post({ type: "speech", session: id, state, sample }),
      ask: ({ start, end }) => this.#announceWork({ audioSeconds: (end - start) / sampleRateHz, endSample: end }, true),
    });
  }

  take(samples: Float32Array): void {
    this.#inbox.push(samples);
    this.#context.turns.ask(this);
  }

  flush(): void {
    this.#inbox.push("flush");
    this.#context.turns.ask(this);
  }

  wantPartials(wanted: boolean): void {
    this.#live?.wantPartials(wanted);
  }

  endInput(): void {
    this.#inputEnded = true;
    this.#context.turns.ask(this);
  }

  get hasBegun(): boolean {
    return this.#fedSamples > 0;
  }

  slice(): boolean {
    if (this.#closed || this.#cut) return false;
    try {
      this.#feed();
    } catch (error) {
      this.#fail(error);
      return false;
    }
    this.#tellConsumed();
    return this.#inbox.length > 0;
  }

  #feed(): void {
    const next = this.#nextSlice();
    if (next === "flush") {
      this.#announce(this.#live?.split() ?? []);
      this.#live?.beginAnew();
      this.#context.post({ type: "flushed", session: this.#id });
    } else if (next) {
      this.#fedSamples += next.length;
      this.#announce(this.#segmenter.push(next));
    }
    this.#live?.look();
    if (this.#inputEnded && this.#inbox.length === 0) {
      this.#announce(this.#segmenter.flush());
      this.#segmenter.close();
      this.#cut = true;
      this.#context.post({ type: "cut", session: this.#id, works: this.#works });
      this.#forgetWhenOver();
    }
  }

  #nextSlice(): Float32Array | "flush" | undefined {
    const first = this.#inbox.shift();
    if (first === undefined || first === "flush" || first.length <= sliceSamples) return first;
    this.#inbox.unshift(first.subarray(sliceSamples));
    return first.subarray(0, sliceSamples);
  }

  #announce(segments: readonly SpeechSegment[]): void {
    for (const cut of segments) {
      const undone = this.#live?.cut(cut) ?? { segment: cut, decoding: undefined, era: 0 };
      const { samplesFrom, samples } = undone.segment;
      const size = { audioSeconds: samples.length / sampleRateHz, endSample: samplesFrom + samples.length };
      this.#undone.set(this.#announceWork(size), undone);
    }
  }

  #announceWork(size: { readonly audioSeconds: number; readonly endSample: number }, isPartial = false): number {
    const work = this.#works++;
    this.#context.post({ type: "work", session: this.#id, work, ...size, ...(isPartial && { isPartial }) });
    return work;
  }

  grant(work: number): void {
    const undone = this.#undone.get(work);
    if (undone === undefined) return void this.#runPartial(work);
    if (this.#granted.has(work)) return;
    this.#granted.add(work);
    void this.#runFinal(work, undone);
  }

  async #runFinal(work: number, undone: LiveSegment): Promise<void> {
    const ahead = undone.decoding && (await undone.decoding);
    // Who heard nothing may hear something with all of the silence behind it.
    const again = hasText(ahead) || this.#closed ? undefined : await this.#decode(undone.segment);
    const results = (again ?? ahead)?.results ?? [];
    if (!hasText({ results })) this.#live?.keepUnheard(undone);
    this.#tellDone(work, results, again?.decodeSeconds ?? 0);
    if (this.#closed) return;
    this.#undone.delete(work);
    this.#granted.delete(work);
    this.#tellConsumed();
    this.#forgetWhenOver();
  }

  /** What is said so far; nothing if its utterance is over by now. */
  async #runPartial(work: number): Promise<void> {
    const wanted = this.#live?.take(work);
    if (wanted === undefined) {
      this.#tellDone(work, [], 0);
    } else {
      const decoding = this.#decode(wanted.segment);
      this.#live?.decoding(wanted.segment, decoding);
      const { results, decodeSeconds } = await decoding;
      const { isPaused } = wanted;
      const shown = wanted.isWanted() ? results.map((span) => ({ ...span, ...(isPaused && { isPaused }) })) : [];
      this.#tellDone(work, shown, decodeSeconds);
    }
    if (this.#closed) return;
    this.#live?.done(work);
    if (!this.#cut) this.#live?.look();
  }

  async #decode(segment: SpeechSegment): Promise<Decoded> {
    const ticket = this.#context.clock.begin();
    let results: readonly RecognizedSpan[] = [];
    try {
      results = within([placed(await this.#engine.decode(segment.samples, this.#options), segment)]);
    } catch (error) {
      this.#fail(error);
    }
    return { results, decodeSeconds: this.#context.clock.end(ticket) };
  }

  /** Also when the session is gone: the parent counts how long each decode runs until it hears of its end. */
  #tellDone(work: number, results: readonly RecognizedSpan[], decodeSeconds: number): void {
    const all = this.#closed ? [] : results;
    this.#context.post({ type: "done", session: this.#id, work, results: all, decodeSeconds });
  }

  #tellConsumed(): void {
    const [oldest] = this.#undone.values();
    const held = this.#cut ? this.#fedSamples : this.#segmenter.heldFrom;
    const consumed = Math.min(held, oldest?.segment.samplesFrom ?? held);
    if (consumed - this.#toldConsumed < consumedStepSamples) return;
    this.#toldConsumed = consumed;
    this.#context.post({ type: "consumed", session: this.#id, samples: consumed });
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#context.post({ type: "session_failed", session: this.#id, error: failureOf(error, "decode_failed") });
    this.#context.forget(this.#id);
  }

  #forgetWhenOver(): void {
    if (this.#cut && this.#undone.size === 0) this.#context.forget(this.#id);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.turns.leave(this);
    this.#inbox.length = 0;
    this.#undone.clear();
    this.#segmenter.close();
  }
}

const hasText = (decoded?: Pick<Decoded, "results">): boolean =>
  decoded?.results.some(({ text }) => text.trim() !== "") === true;

/** The segment's place in the session: speech without its padding; word times count from the padded start. */
function placed(recognized: Recognized, segment: SpeechSegment): RecognizedSpan {
  const offsetSeconds = segment.samplesFrom / sampleRateHz;
  const span = {
    ...recognized,
    startSeconds: segment.start / sampleRateHz,
    endSeconds: segment.end / sampleRateHz,
    ...(segment.goesOn && { goesOn: segment.goesOn }),
  };
  return recognized.words ? { ...span, words: recognized.words.map((word) => shifted(word, offsetSeconds)) } : span;
}

function shifted(word: RecognizedWord, seconds: number): RecognizedWord {
  return { ...word, startSeconds: word.startSeconds + seconds, endSeconds: word.endSeconds + seconds };
}
