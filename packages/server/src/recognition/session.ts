import { VoxpoolError } from "../base/errors.ts";
import { type EngineInfo, type RecognizedSpan, type RecognizedWord, sampleRateHz } from "../engine/engine.ts";
import { joinText } from "../engine/text/join.ts";
import { characterWords } from "../engine/text/words.ts";
import type { HostSession, HostWork } from "../host/parent/types.ts";
import type { InstanceLease } from "../pool/types.ts";
import type { Scheduler } from "../schedule/schedule.ts";
import { OrderedQueue } from "./ordered-queue.ts";
import type { OpenSession, Segment, Session, SessionEvent, SessionSummary } from "./types.ts";

/**
 * Pieces of work that may be waiting, running or unread at once. More than any node can run, few enough that a
 * reader who stops reading holds back the input soon.
 */
const mostWorksInFlight = 64;

/** An engine that follows a stream gives an utterance when it ends; Vosk ends one after 20 s at the latest. */
const longestUtteranceSeconds = 30;

/** Results of a piece of work, or how far everything before is decoded. */
type Finished =
  | { readonly spans: readonly RecognizedSpan[] }
  | { readonly spans: readonly RecognizedSpan[]; readonly settledSamples: number };

export interface SessionParts {
  readonly lease: InstanceLease;
  readonly host: HostSession;
  readonly scheduler: Scheduler;
  readonly options: OpenSession;
  readonly loadSeconds: number;
}

/** A recognition under way: pieces of work run side by side as permits come, results leave in order. */
export class RunningSession implements Session {
  readonly info: EngineInfo;
  readonly folder: OpenSession["folder"];
  readonly #parts: SessionParts;
  readonly #finished = new OrderedQueue<Finished>(mostWorksInFlight);
  readonly #stop = new AbortController();
  #over = false;
  /** What ended it before its time. */
  #failure: VoxpoolError | undefined;
  #isNoteQueued = false;
  #notedSamples = 0;
  #writtenSamples = 0;
  #queueSeconds = 0;
  #decodeSeconds = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.info = parts.lease.info;
    this.folder = parts.options.folder;
    const { signal } = parts.options;
    signal?.addEventListener("abort", this.#aborted, { once: true });
    if (signal?.aborted) this.cancel();
    parts.host.onConsumed(() => this.#note());
    void this.#runWorks();
  }

  async write(samples: Float32Array): Promise<void> {
    this.#stop.signal.throwIfAborted();
    this.#writtenSamples += samples.length;
    await this.#parts.host.write(samples);
  }

  end(): void {
    this.#parts.host.end();
  }

  cancel(error = new VoxpoolError("request_cancelled")): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = error;
    this.#stop.abort(error);
    this.#parts.host.cancel(error);
    this.#finished.fail(error);
    this.#leave();
  }

  async *events(): AsyncIterable<SessionEvent> {
    let number = 0;
    let segments = 0;
    let settledSeconds = 0;
    try {
      for await (const finished of this.#finished) {
        if ("settledSamples" in finished) {
          settledSeconds = Math.max(settledSeconds, this.#settledSeconds(finished.settledSamples));
          this.#isNoteQueued = false;
          this.#note();
        }
        for (const span of finished.spans) {
          const segment = toSegment(segments, span, this.#wordsOf(span));
          if (segment.text === "") continue;
          segments++;
          settledSeconds = Math.max(settledSeconds, segment.start);
          yield { type: "final", number: ++number, segment };
        }
        const processedSeconds = this.#parts.host.consumedSamples / sampleRateHz;
        yield { type: "progress", number: ++number, processedSeconds, settledSeconds };
      }
      if (this.#failure) throw this.#failure; // it came when all work was done already
      this.#complete();
    } finally {
      this.cancel(); // of a reader that stopped early; without effect after completion
    }
  }

  summary(): SessionSummary {
    return {
      durationSeconds: this.#writtenSamples / sampleRateHz,
      loadSeconds: this.#parts.loadSeconds,
      queueSeconds: this.#queueSeconds,
      decodeSeconds: this.#decodeSeconds,
    };
  }

  readonly #aborted = () => this.cancel();

  /** Puts into the queue how far everything is decoded, behind all results that it covers; one note at a time. */
  #note(): void {
    const settledSamples = this.#parts.host.consumedSamples;
    if (this.#isNoteQueued || settledSamples <= this.#notedSamples) return;
    this.#isNoteQueued = true;
    this.#notedSamples = settledSamples;
    this.#finished.add({ spans: [], settledSamples });
  }

  #settledSeconds(samples: number): number {
    const seconds = samples / sampleRateHz;
    return this.info.input === "frames" ? Math.max(0, seconds - longestUtteranceSeconds) : seconds;
  }

  /** In Chinese, words are characters. */
  #wordsOf({ words }: RecognizedSpan): readonly RecognizedWord[] | undefined {
    const { options } = this.#parts;
    if (options.words === "no" || words === undefined) return undefined;
    const languages = options.language === undefined ? this.info.languages : [options.language];
    return languages.some((language) => chinese.has(language)) ? characterWords(words) : words;
  }

  #complete(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#parts.options.isPart !== true) this.#parts.lease.countUse();
    this.#leave();
  }

  #leave(): void {
    this.#parts.options.signal?.removeEventListener("abort", this.#aborted);
    this.#parts.lease.release();
  }

  async #runWorks(): Promise<void> {
    try {
      for await (const work of this.#parts.host.works()) {
        const finished = this.#run(work);
        finished.catch((error: unknown) => this.cancel(VoxpoolError.from(error)));
        await this.#finished.push(finished);
      }
      this.#finished.end();
    } catch (error) {
      this.cancel(VoxpoolError.from(error));
    }
  }

  async #run(work: HostWork): Promise<Finished> {
    const { scheduler, lease, options } = this.#parts;
    const { audioSeconds } = work;
    const host = lease.instance.id;
    const { client, priority } = options;
    const permit = await scheduler.acquire({ priority, client, host, audioSeconds }, this.#stop.signal);
    this.#queueSeconds += permit.waitedSeconds;
    const factor = scheduler.realTimeFactor(host);
    const running = work.run(factor === undefined ? undefined : factor * audioSeconds);
    // The caller of a cancelled session is told at once; the core is free when the process says so.
    const decodeSeconds = running.then(
      (result) => result.decodeSeconds,
      () => undefined,
    );
    void work.over().then(async () => permit.release(await decodeSeconds));
    const done = await running;
    this.#decodeSeconds += done.decodeSeconds;
    return { spans: done.results };
  }
}

const chinese: ReadonlySet<string> = new Set(["zh", "yue"]);

function toSegment(id: number, span: RecognizedSpan, words: readonly RecognizedWord[] | undefined): Segment {
  return {
    id,
    start: seconds(span.startSeconds),
    end: seconds(span.endSeconds),
    text: joinText([span.text]),
    ...(span.confidence !== undefined && { confidence: span.confidence }),
    ...(words && { words: words.map(toWord) }),
  };
}

function toWord(word: RecognizedWord) {
  return {
    word: word.word,
    start: seconds(word.startSeconds),
    end: seconds(word.endSeconds),
    ...(word.confidence !== undefined && { confidence: word.confidence }),
  };
}

/** To the millisecond: finer digits would be noise. */
const seconds = (value: number): number => Math.round(value * 1000) / 1000;
