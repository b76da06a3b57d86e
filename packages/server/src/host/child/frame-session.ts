import {
  type FrameEngine,
  type FrameRecognizer,
  type LiveSettings,
  type RecognizedSpan,
  type SessionOptions,
  sampleRateHz,
} from "../../engine/engine.ts";
import type { SpeechState } from "../wire.ts";
import { type ChildSession, consumedStepSamples, failureOf, type SessionContext, within } from "./session.ts";
import { TrimmedStream } from "./trimmed-stream.ts";

/** The longest stretch in one piece of work. A file fills it; a live stream is taken as it comes. */
const longestSamples = 16_000;

/** Shorter stretches wait for more samples, unless the input has ended: each piece costs a permit. */
const shortestSamples = 3_200;

/** Where somebody waits for what was said; a client sends 20 ms at the least. */
const shortestLiveSamples = 320;

interface Stretch {
  readonly work: number;
  readonly samples: Float32Array;
  /** Nothing comes after it. */
  readonly last: boolean;
  /** So many flushes come right behind it. */
  readonly flushes: number;
  running: boolean;
}

/** Gives samples to a recogniser that follows the stream, one stretch after the other. */
export class FrameSession implements ChildSession {
  readonly #id: number;
  readonly #recognizer: FrameRecognizer;
  readonly #context: SessionContext;
  readonly #trimmed: TrimmedStream | undefined;
  #live: LiveSettings | undefined;
  readonly #shortestSamples: number;
  readonly #inbox: Float32Array[] = [];
  #inboxSamples = 0;
  /** Where flushes are, counted from the recogniser's first sample, in order. */
  readonly #flushesAt: number[] = [];
  #isSpeaking = false;
  /** The text of what was last heard of the utterance under way. */
  #heard: string | undefined;
  /** Samples that became stretches, and those that were recognised. */
  #stretchedSamples = 0;
  #recognizedSamples = 0;
  #current: Stretch | undefined;
  #works = 0;
  #takenSamples = 0;
  #toldConsumed = 0;
  #inputEnded = false;
  #cut = false;
  #closed = false;

  constructor(id: number, engine: FrameEngine, options: SessionOptions, context: SessionContext) {
    this.#id = id;
    this.#recognizer = engine.open(options);
    this.#context = context;
    this.#live = options.live;
    this.#shortestSamples = this.#live ? shortestLiveSamples : shortestSamples;
    if (options.vad === "trim") this.#trimmed = new TrimmedStream();
  }

  take(samples: Float32Array): void {
    this.#takenSamples += samples.length;
    for (const wanted of this.#trimmed?.push(samples) ?? [samples]) this.#keep(wanted);
    this.#announce();
    if (this.#trimmed) this.#tellConsumed();
  }

  flush(): void {
    this.#flushesAt.push(this.#stretchedSamples + this.#inboxSamples);
    this.#announce();
  }

  endInput(): void {
    for (const wanted of this.#trimmed?.flush() ?? []) this.#keep(wanted);
    this.#inputEnded = true;
    this.#announce();
  }

  wantPartials(partials: boolean): void {
    if (this.#live) this.#live = { ...this.#live, partials };
  }

  #keep(samples: Float32Array): void {
    if (samples.length === 0) return;
    this.#inbox.push(samples);
    this.#inboxSamples += samples.length;
  }

  #announce(): void {
    if (this.#current || this.#cut || this.#closed) return;
    if (this.#inboxSamples < this.#shortestSamples && !this.#inputEnded && this.#flushesAt.length === 0) return;
    const samples = this.#takeStretch();
    const flushes = this.#takeFlushes();
    const last = this.#inputEnded && this.#inboxSamples === 0 && this.#flushesAt.length === 0;
    this.#current = { work: this.#works++, samples, last, flushes, running: false };
    this.#context.post({
      type: "work",
      session: this.#id,
      work: this.#current.work,
      audioSeconds: samples.length / sampleRateHz,
      endSample: this.#placeOf(this.#stretchedSamples),
    });
    if (!last) return;
    this.#cut = true;
    this.#context.post({ type: "cut", session: this.#id, works: this.#works });
  }

  #takeStretch(): Float32Array {
    const toFlush = (this.#flushesAt[0] ?? Number.POSITIVE_INFINITY) - this.#stretchedSamples;
    const stretch = new Float32Array(Math.min(longestSamples, this.#inboxSamples, toFlush));
    let filled = 0;
    while (filled < stretch.length) {
      const first = this.#inbox.shift();
      if (!first) break;
      const taken = first.subarray(0, stretch.length - filled);
      if (taken.length < first.length) this.#inbox.unshift(first.subarray(taken.length));
      stretch.set(taken, filled);
      filled += taken.length;
    }
    this.#inboxSamples -= stretch.length;
    this.#stretchedSamples += stretch.length;
    return stretch;
  }

  /** How many flushes come right behind what was taken. */
  #takeFlushes(): number {
    const later = this.#flushesAt.findIndex((at) => at > this.#stretchedSamples);
    return this.#flushesAt.splice(0, later < 0 ? this.#flushesAt.length : later).length;
  }

  grant(work: number): void {
    const stretch = this.#current;
    if (stretch?.work !== work || stretch.running) return;
    stretch.running = true;
    void this.#run(stretch);
  }

  async #run(stretch: Stretch): Promise<void> {
    const ticket = this.#context.clock.begin();
    let results: readonly RecognizedSpan[] = [];
    let hypothesis: RecognizedSpan | undefined;
    try {
      results = within(await this.#recognize(stretch));
      hypothesis = stretch.last ? undefined : this.#hypothesis();
    } catch (error) {
      this.#fail(error);
    }
    const decodeSeconds = this.#context.clock.end(ticket);
    this.#current = undefined;
    this.#recognizedSamples = this.#stretchedSamples;
    this.#tellDone(stretch, results, hypothesis, decodeSeconds);
    if (this.#closed) return this.#recognizer.close();
    this.#tellConsumed();
    if (stretch.last) this.#context.forget(this.#id);
    else this.#announce();
  }

  /** Also when the session is gone: the parent counts how long each decode runs until it hears of its end. */
  #tellDone(
    { work, flushes }: Stretch,
    results: readonly RecognizedSpan[],
    hypothesis: RecognizedSpan | undefined,
    decodeSeconds: number,
  ): void {
    const { post } = this.#context;
    const done = { type: "done", session: this.#id, work, decodeSeconds } as const;
    if (this.#closed) {
      post({ ...done, results: [] });
      return;
    }
    const isNews = this.#live !== undefined && this.#listen(results, hypothesis);
    post({ ...done, results, ...(isNews && this.#live?.partials && hypothesis && { hypothesis }) });
    for (let left = flushes; left > 0; left -= 1) post({ type: "flushed", session: this.#id });
  }

  #hypothesis(): RecognizedSpan | undefined {
    if (this.#live === undefined || this.#closed) return undefined;
    const hypothesis = this.#recognizer.hypothesis?.();
    return hypothesis === undefined || hypothesis.text.trim() === "" ? undefined : within([hypothesis])[0];
  }

  /** Tells where speech began and ended; gives whether what is heard of the utterance under way is new. */
  #listen(results: readonly RecognizedSpan[], hypothesis: RecognizedSpan | undefined): boolean {
    for (const { startSeconds, endSeconds } of results) {
      this.#tellSpeech("started", startSeconds);
      this.#tellSpeech("ended", endSeconds);
    }
    if (hypothesis !== undefined) this.#tellSpeech("started", hypothesis.startSeconds);
    const isNew = hypothesis?.text !== this.#heard || results.length > 0;
    this.#heard = hypothesis?.text;
    return isNew;
  }

  #tellSpeech(state: SpeechState, seconds: number): void {
    if (this.#isSpeaking === (state === "started")) return;
    this.#isSpeaking = !this.#isSpeaking;
    this.#context.post({ type: "speech", session: this.#id, state, sample: Math.round(seconds * sampleRateHz) });
  }

  async #recognize(stretch: Stretch): Promise<readonly RecognizedSpan[]> {
    const spans = stretch.samples.length > 0 ? [...(await this.#recognizer.accept(stretch.samples))] : [];
    // A session that was cancelled meanwhile needs no end of its text, which may cost as much as the text did.
    const flushed = stretch.flushes > 0 && !this.#closed ? await this.#recognizer.flush?.() : undefined;
    if (flushed) spans.push(flushed);
    const rest = stretch.last && !this.#closed ? await this.#recognizer.finish() : undefined;
    const all = rest ? [...spans, rest] : spans;
    const trimmed = this.#trimmed;
    return trimmed ? all.map((span) => trimmed.placed(span)) : all;
  }

  #tellConsumed(): void {
    const consumed = this.#consumedSamples();
    if (consumed - this.#toldConsumed < consumedStepSamples) return;
    this.#toldConsumed = consumed;
    this.#context.post({ type: "consumed", session: this.#id, samples: consumed });
  }

  #consumedSamples(): number {
    if (this.#current || this.#inboxSamples >= this.#shortestSamples) return this.#placeOf(this.#recognizedSamples);
    // What waits for more of it before it becomes a stretch: a moment, and with a gap behind it silence.
    return this.#takenSamples - (this.#trimmed?.heldSamples ?? 0) - this.#inboxSamples;
  }

  /** The session's sample behind so many samples of the recogniser. */
  #placeOf(samples: number): number {
    return this.#trimmed?.placeOf(samples) ?? samples;
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#context.post({ type: "session_failed", session: this.#id, error: failureOf(error, "decode_failed") });
    this.#context.forget(this.#id);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox.length = 0;
    // A recogniser must not be freed under a call of its own; the end of that call frees it.
    if (!this.#current?.running) this.#recognizer.close();
  }
}
