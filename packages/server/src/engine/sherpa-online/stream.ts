import { type FrameRecognizer, type RecognizedSpan, type SessionOptions, sampleRateHz } from "../engine.ts";
import { Exclusive } from "../exclusive.ts";
import { type Answer, answerOf } from "../sherpa/answer.ts";
import { textFromTokens, wordsFromTokens } from "../sherpa/words.ts";
import type { Batches } from "./batches.ts";
import type { Chunks, OnlineFamily } from "./families.ts";
import { Halved } from "./halved.ts";
import type { Handle, OnlineLibrary } from "./library.ts";
import { OnlineUtterance } from "./utterance.ts";

/** What the streams of a model share. */
export interface OnlineParts {
  readonly library: OnlineLibrary;
  readonly recognizer: Handle;
  readonly batches: Batches<Handle>;
  readonly family: OnlineFamily;
  readonly chunks: Chunks;
  /** Whether the library rewrites the text by rules. */
  readonly hasRules: boolean;
}

/** Samples for one native call: features are made in it, on this thread. */
const stepSamples = sampleRateHz;

/** What a token covers at most beyond its start. */
const tokenSeconds = 0.2;

/** Networks tell a word some time after they heard it. */
const lagSeconds = 0.1;

/** One stream through sherpa's online recogniser. */
export class OnlineStream implements FrameRecognizer {
  readonly #parts: OnlineParts;
  readonly #options: SessionOptions;
  readonly #hotwords: string | undefined;
  readonly #exclusive = new Exclusive(() => this.#release());
  readonly #utterance: OnlineUtterance;
  #stream: Handle | undefined;
  /** At the rate of the model, where that is half of ours. */
  #halved: Halved | undefined;
  /** Samples of the session, and those of them before the stream's first. */
  #samples = 0;
  #streamFrom = 0;
  /** Chunks of the stream that are decoded. */
  #decoded = 0;
  #answer: Answer | undefined;

  /** @param hotwords as the library takes them */
  constructor(parts: OnlineParts, options: SessionOptions, hotwords?: string) {
    this.#parts = parts;
    this.#options = options;
    this.#hotwords = hotwords;
    this.#utterance = new OnlineUtterance(options.live);
  }

  accept(samples: Float32Array): Promise<readonly RecognizedSpan[]> {
    return this.#exclusive.run(async () => {
      const spans: RecognizedSpan[] = [];
      for (let at = 0; at < samples.length && !this.#exclusive.isClosed; at += stepSamples) {
        const step = samples.subarray(at, at + stepSamples);
        this.#samples += step.length;
        await this.#decode(cleaned(step), spans);
      }
      return spans;
    });
  }

  hypothesis(): RecognizedSpan | undefined {
    return this.#exclusive.isClosed || this.#answer === undefined ? undefined : this.#toSpan(this.#answer);
  }

  flush(): Promise<RecognizedSpan | undefined> {
    return this.#exclusive.run(() => this.#flush());
  }

  finish(): Promise<RecognizedSpan | undefined> {
    return this.#exclusive.run(() => this.#flush());
  }

  close(): void {
    this.#exclusive.close();
  }

  /** What is still in the stream is decoded with silence behind it; what follows begins another stream. */
  async #flush(): Promise<RecognizedSpan | undefined> {
    if (this.#stream === undefined) return undefined;
    const { lengthSeconds, shiftSeconds } = this.#parts.chunks;
    const spans: RecognizedSpan[] = [];
    const tail = new Float32Array(Math.ceil((lengthSeconds + shiftSeconds + lagSeconds) * sampleRateHz));
    await this.#decode(tail, spans, false);
    const span = this.#answer && this.#toSpan(this.#answer);
    this.#release();
    this.#beginUtterance(this.#samples / sampleRateHz);
    return span;
  }

  /** @param findEnds whether pauses end utterances */
  async #decode(samples: Float32Array, spans: RecognizedSpan[], findEnds = true): Promise<void> {
    const { library, recognizer, batches } = this.#parts;
    const stream = this.#openStream();
    const [rateHz, wanted] = this.#halved ? [sampleRateHz / 2, this.#halved.push(samples)] : [sampleRateHz, samples];
    library.accept(stream, rateHz, wanted, wanted.length);
    while (!this.#exclusive.isClosed && library.isReady(recognizer, stream)) {
      await batches.step(stream);
      this.#decoded += 1;
      this.#hear(stream);
      if (!findEnds || !this.#utterance.isOver) continue;
      const span = this.#answer && this.#toSpan(this.#answer);
      if (span !== undefined) spans.push(span);
      library.reset(recognizer, stream);
      this.#beginUtterance(this.#decodedSeconds);
    }
  }

  #hear(stream: Handle): void {
    const { library, recognizer, family, chunks } = this.#parts;
    this.#answer = answerOf(library.result(recognizer, stream));
    const { tokens, timestamps } = this.#answer;
    const { begunSeconds } = this.#utterance;
    const placed = (seconds: number | undefined): number | undefined =>
      seconds === undefined || !family.words ? undefined : begunSeconds + seconds * chunks.timeScale;
    this.#utterance.hear({
      tokens: tokens.length,
      firstTokenSeconds: placed(timestamps[0]),
      lastTokenSeconds: placed(timestamps.at(-1)),
      decodedSeconds: this.#decodedSeconds,
    });
  }

  /** Everything of the session before it is decoded. */
  get #decodedSeconds(): number {
    return this.#streamFrom / sampleRateHz + this.#decoded * this.#parts.chunks.shiftSeconds;
  }

  #beginUtterance(seconds: number): void {
    this.#answer = undefined;
    this.#utterance.begin(seconds);
  }

  #toSpan(answer: Answer): RecognizedSpan | undefined {
    const { family, chunks } = this.#parts;
    const text = this.#textOf(answer).trim();
    if (text === "") return undefined;
    const { begunSeconds, firstSeconds, lastSeconds } = this.#utterance;
    const heardSeconds = this.#samples / sampleRateHz;
    const startSeconds = Math.min(firstSeconds, heardSeconds);
    const endSeconds = Math.max(startSeconds, Math.min(lastSeconds + tokenSeconds, heardSeconds));
    const span = { text, startSeconds, endSeconds };
    if (!family.words || !this.#options.words) return span;
    const starts = answer.timestamps.map((seconds) =>
      Math.min(heardSeconds, begunSeconds + seconds * chunks.timeScale),
    );
    const wordTokens = family.wordTokens ?? false;
    return { ...span, words: wordsFromTokens(answer.tokens, starts, { endSeconds: heardSeconds, text, wordTokens }) };
  }

  /** The library's text has the rules applied; the tokens never have. */
  #textOf({ tokens, text }: Answer): string {
    const { family, hasRules } = this.#parts;
    const isPlain = hasRules && this.#options.itn === false;
    return isPlain ? textFromTokens(tokens, family.wordTokens ?? false, text) : text;
  }

  #openStream(): Handle {
    const { library, recognizer, family } = this.#parts;
    if (this.#stream !== undefined) return this.#stream;
    this.#halved = family.isTelephone === true ? new Halved() : undefined;
    this.#streamFrom = this.#utterance.begunSeconds * sampleRateHz;
    this.#decoded = 0;
    this.#stream =
      this.#hotwords === undefined
        ? library.newStream(recognizer)
        : library.newStreamWithHotwords(recognizer, this.#hotwords);
    return this.#stream;
  }

  #release(): void {
    if (this.#stream !== undefined) this.#parts.library.freeStream(this.#stream);
    this.#stream = undefined;
  }
}

/** What is no number becomes silence: the networks' states never recover from one. */
function cleaned(samples: Float32Array): Float32Array {
  return samples.map((sample) => (Number.isNaN(sample) ? 0 : Math.max(-1, Math.min(1, sample))));
}
