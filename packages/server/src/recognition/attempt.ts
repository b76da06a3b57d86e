import { VoxpoolError } from "../base/errors.ts";
import { untilDone } from "../base/span.ts";
import { type RecognizedSpan, sampleRateHz } from "../engine/engine.ts";
import { frameSamples } from "../engine/vad/detector.ts";
import type { HostSession, HostStep, HostWork } from "../host/parent/types.ts";
import type { InstanceLease } from "../pool/types.ts";
import type { Priority, Scheduler } from "../schedule/schedule.ts";
import { OrderedQueue } from "./ordered-queue.ts";
import type { Places } from "./places.ts";
import { shiftedSpan } from "./segments.ts";
import { takeTurn } from "./turn.ts";
import type { OpenSession } from "./types.ts";
import type { Written } from "./written.ts";

/** An engine that follows a stream gives an utterance when it ends; Vosk ends one after 20 s at the latest. */
export const longestUtteranceSeconds = 30;

/** Where no pause ends one, so much of it is kept. */
const longestManualSeconds = 120;

/** What a detector of speech hears of the past, samples: its state is then nearly as if it had heard everything. */
const lookBackSamples = 4 * sampleRateHz;

/** Results of a piece of work, or how far everything before is decoded. Times count from the session's first sample. */
export type Step =
  /** `hypothesis`: what is heard behind the spans, where that has changed. */
  | { readonly kind: "work"; readonly spans: readonly RecognizedSpan[]; readonly hypothesis?: RecognizedSpan }
  | { readonly kind: "settled"; readonly settledSamples: number }
  /** What is said so far, behind all works that were given. */
  | { readonly kind: "partial"; readonly span: RecognizedSpan }
  /** All works before a flush were given. */
  | { readonly kind: "flushed" };

/** Where speech begins or ends; told at once, ahead of works that are decoded still. */
export interface SpeechEdge {
  readonly state: "started" | "ended";
  /** Counted from the session's first. */
  readonly sample: number;
}

/** Where a process takes a session up. */
export interface Beginning {
  /** Everything before this sample is recognised, or holds nothing to recognise. */
  readonly resumeAt: number;
  /** Something was recognised. */
  readonly hasSpoken: boolean;
  /** What begins before this sample is decoded alone. */
  readonly suspectTo: number;
}

export interface AttemptParts {
  readonly lease: InstanceLease;
  readonly scheduler: Scheduler;
  readonly options: OpenSession;
  readonly written: Written;
  /** For pieces of work that wait, run or are not read yet. */
  readonly places: Places;
  readonly beginning: Beginning;
  /** All samples before this one are with the process. */
  readonly onFed: (to: number) => void;
  /** `resumeAt` may have grown. */
  readonly onProgress: () => void;
  readonly onSpeech: (edge: SpeechEdge) => void;
  /** Whether a step of kind `settled` was taken that the reader has not seen yet. */
  readonly isNoteUnread: () => boolean;
}

type Finished = Step & { readonly work?: HostWork };

type Heard = Omit<Extract<Step, { readonly kind: "work" }>, "kind">;

interface Decoding {
  readonly priority: Priority;
  /** Decodes alone. */
  readonly isSuspect: boolean;
  readonly signal: AbortSignal;
}

/** A session in one process: feeds it what was written, runs its pieces of work, gives their results in order. */
export class Attempt {
  readonly lease: InstanceLease;
  queueSeconds = 0;
  droppedPartials = 0;
  decodeSeconds = 0;
  readonly #parts: AttemptParts;
  readonly #host: HostSession;
  readonly #isFrames: boolean;
  /** The session's sample that is the first one for the process. */
  readonly #base: number;
  readonly #finished = new OrderedQueue<Finished>();
  readonly #stop = new AbortController();
  /** The partial that waits for its turn. */
  #partial: AbortController | undefined;
  /** Where flushes are that were sent and not answered. */
  readonly #flushesAt: number[] = [];
  /** Decodes that have begun, and have not come to a good end. */
  readonly #underWay = new Map<HostWork, { readonly isAlone: boolean; readonly over: () => void }>();
  /** Places that are taken for works whose results were not given. */
  #held = 0;
  #resumeAt: number;
  #hasSpoken: boolean;
  /** Where the last announced, and the last given piece of work ends. */
  #announcedTo: number;
  #givenTo: number;
  #isNoteQueued = false;
  #notedSamples = 0;

  /** @throws VoxpoolError `host_crashed` */
  constructor(parts: AttemptParts) {
    const { lease, beginning } = parts;
    this.#parts = parts;
    this.lease = lease;
    this.#isFrames = lease.info.input === "frames";
    this.#resumeAt = beginning.resumeAt;
    this.#hasSpoken = beginning.hasSpoken;
    this.#announcedTo = beginning.resumeAt;
    this.#givenTo = beginning.resumeAt;
    this.#base = this.#neededFor(beginning.resumeAt);
    this.#host = this.#open();
    this.#host.onConsumed(() => {
      this.note();
      parts.onProgress();
    });
    void this.#takeSteps();
    void this.#feed();
  }

  /** The last result that was given is of samples before this one. */
  get givenTo(): number {
    return this.#givenTo;
  }

  /** Everything before this sample is cut and decoded. */
  get processedSamples(): number {
    return Math.max(this.#resumeAt, this.#base + this.#host.consumedSamples);
  }

  /** Where another process would take it up, should this one end. */
  get beginning(): Omit<Beginning, "suspectTo"> {
    const consumed = this.#base + this.#host.consumedSamples;
    const settled = this.#isFrames ? consumed - this.#longestUtteranceSeconds * sampleRateHz : consumed;
    return { resumeAt: Math.max(this.#resumeAt, settled), hasSpoken: this.#hasSpoken };
  }

  /** Something that no process before it had come to is done. */
  get hasProgressed(): boolean {
    return this.beginning.resumeAt > this.#parts.beginning.resumeAt;
  }

  /** The first sample that another process would need. */
  get neededFrom(): number {
    return this.#neededFor(this.beginning.resumeAt);
  }

  /** The decodes that were under way when the process ended. */
  get suspects(): { readonly endSample: number; readonly isAlone: boolean } | undefined {
    if (this.#underWay.size === 0) return undefined;
    const works = [...this.#underWay];
    return {
      endSample: Math.max(...works.map(([{ endSample }]) => this.#base + endSample)),
      isAlone: works.some(([, { isAlone }]) => isAlone),
    };
  }

  get #longestUtteranceSeconds(): number {
    return this.#parts.options.live?.manual ? longestManualSeconds : longestUtteranceSeconds;
  }

  /** In order; throws what ended the process or the session after everything that was finished before. */
  async *steps(): AsyncGenerator<Step, void> {
    for await (const step of this.#finished) {
      if (step.kind === "settled") this.#isNoteQueued = false;
      if (step.kind === "work" && step.work) this.#given(step.work, step);
      if (step.kind === "flushed") this.#flushed();
      yield step;
    }
  }

  /** Says how far everything is decoded, behind all results that this covers; one note at a time. */
  note(): void {
    const settledSamples = this.#base + this.#host.consumedSamples;
    if (this.#isNoteQueued || this.#parts.isNoteUnread() || settledSamples <= this.#notedSamples) return;
    this.#isNoteQueued = true;
    this.#notedSamples = settledSamples;
    this.#finished.add({ kind: "settled", settledSamples });
  }

  /** Ends it in favour of another: `steps` gives what is finished, then throws the error. The process goes on. */
  leave(error: VoxpoolError): void {
    this.#fail(error);
    this.#host.cancel(error); // from now on `beginning` does not move but by what is given
  }

  wantPartials(wanted: boolean): void {
    this.#host.wantPartials(wanted);
  }

  /** Ends it. Safe to call twice, and after its end. */
  close(error: VoxpoolError): void {
    this.#stop.abort(error);
    this.#dropPartial();
    this.#finished.fail(error);
    this.#host.cancel(error);
    this.lease.release();
    this.#parts.places.giveBack(this.#held);
    this.#held = 0;
  }

  #neededFor(resumeAt: number): number {
    if (this.#isFrames) return resumeAt;
    // Detectors hear frame by frame: the frames are to be the same.
    const from = Math.max(0, resumeAt - lookBackSamples);
    return from - (from % frameSamples);
  }

  #open(): HostSession {
    const { options, beginning } = this.#parts;
    const { words, language, vad, itn, live, hotwords, grammar, alternatives } = options;
    const { resumeAt, hasSpoken } = beginning;
    const heardSamples = resumeAt - this.#base;
    return this.lease.open({
      words: words !== "no",
      ...(language !== undefined && { language }),
      ...(vad !== undefined && { vad }),
      ...(itn !== undefined && { itn }),
      ...(live !== undefined && { live }),
      ...(hotwords !== undefined && { hotwords }),
      ...(grammar !== undefined && { grammar }),
      ...(alternatives !== undefined && { alternatives }),
      ...(resumeAt > 0 && !this.#isFrames && { resume: { heardSamples, hasSpoken } }),
    });
  }

  /** What it throws is told by the works. */
  async #feed(): Promise<void> {
    const { written, onFed } = this.#parts;
    let flushes = written.answeredFlushes;
    try {
      for (let at = this.#base; ; ) {
        const next = await written.next(at, flushes);
        if (next === undefined) return this.#host.end();
        if (next === "flush") {
          flushes += 1;
          this.#flushesAt.push(at);
          this.#host.flush();
          continue;
        }
        await this.#host.write(next);
        at += next.length;
        onFed(at);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #takeSteps(): Promise<void> {
    try {
      for await (const step of this.#host.steps()) await this.#takeStep(step);
      this.#finished.end();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #takeStep(step: HostStep): Promise<void> {
    switch (step.kind) {
      case "work":
        return this.#takeWork(step.work);
      case "partial":
        return this.#takePartial(step.work);
      case "speech":
        return this.#parts.onSpeech({ state: step.state, sample: this.#base + step.sample });
      case "flushed":
        return this.#finished.add({ kind: "flushed" });
    }
  }

  async #takeWork(work: HostWork): Promise<void> {
    this.#dropPartial();
    await this.#parts.places.take(this.#stop.signal);
    this.#held += 1;
    const isSuspect = this.#isSuspect;
    this.#announcedTo = this.#base + work.endSample;
    const finished = this.#run(work, isSuspect);
    finished.catch((error: unknown) => this.#fail(error));
    this.#finished.add(finished);
  }

  /** Whether what is said now was under way when a process ended. */
  get #isSuspect(): boolean {
    return this.#announcedTo < this.#parts.beginning.suspectTo;
  }

  /** It waits until the work comes that it is a part of, and no longer. What may end a process is decoded once only. */
  #takePartial(work: HostWork): void {
    if (this.#isSuspect) return;
    const waiting = new AbortController();
    this.#partial = waiting;
    this.#runPartial(work, waiting).catch((error: unknown) => {
      if (waiting.signal.aborted) this.droppedPartials += 1;
      else this.#fail(error);
    });
  }

  async #runPartial(work: HostWork, waiting: AbortController): Promise<void> {
    const { signal } = waiting;
    const { spans } = await this.#decode(work, { priority: "live_partial", isSuspect: false, signal });
    const [span] = spans;
    // What was announced meanwhile is behind it, or what it is a part of.
    if (span !== undefined && this.#partial === waiting) this.#finished.offer({ kind: "partial", span });
  }

  /** A work is announced: the partial before it is of no use any more. */
  #dropPartial(): void {
    this.#partial?.abort(new VoxpoolError("request_cancelled"));
    this.#partial = undefined;
    this.#finished.retract();
  }

  /** Behind what was finished before; what waits for a turn waits no more. */
  #fail(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(VoxpoolError.from(error));
    this.#dropPartial();
    this.#finished.endWith(error);
  }

  async #run(work: HostWork, isSuspect: boolean): Promise<Finished> {
    const { priority } = this.#parts.options;
    const done = await this.#decode(work, { priority, isSuspect, signal: this.#stop.signal });
    return { kind: "work", work, ...done };
  }

  async #decode(work: HostWork, { priority, isSuspect, signal }: Decoding): Promise<Heard> {
    const { scheduler, options } = this.#parts;
    const { client } = options;
    const host = this.lease.instance.id;
    const { audioSeconds } = work;
    const together = this.lease.info.together === true && !isSuspect;
    const request = { priority, client, host, audioSeconds, together };
    const queue = options.span?.child("queue", { "voxpool.priority": priority });
    const turn = await untilDone(queue, takeTurn({ ...this.#parts, work: request, isSuspect, signal }));
    const decode = options.span?.child("decode", {
      "voxpool.priority": priority,
      "voxpool.audio_seconds": audioSeconds,
    });
    this.queueSeconds += turn.waitedSeconds;
    const factor = scheduler.realTimeFactor(host);
    // A turn that is given back by a process that ends comes too late: who did not decode in it has not ended it.
    if (work.isRunnable()) this.#underWay.set(work, { isAlone: isSuspect, over: this.lease.decoding(isSuspect) });
    const running = work.run(factor === undefined ? undefined : factor * audioSeconds);
    // The caller of a cancelled session is told at once; the core is free when the process says so.
    const decodeSeconds = running.then(
      // A partial has grown since it was announced, and a final that was decoded ahead took no time: neither says
      // anything about the speed.
      (result) => (priority === "live_partial" || result.decodeSeconds === 0 ? undefined : result.decodeSeconds),
      () => undefined,
    );
    void work.over().then(async () => turn.release(await decodeSeconds));
    const { results, hypothesis, decodeSeconds: seconds } = await untilDone(decode, running);
    this.#underWay.get(work)?.over();
    this.#underWay.delete(work);
    this.decodeSeconds += seconds;
    return {
      spans: results.map((span) => shiftedSpan(span, this.#base)),
      ...(hypothesis && { hypothesis: shiftedSpan(hypothesis, this.#base) }),
    };
  }

  /** Everything before the flush is final: a process that takes over begins behind it. */
  #flushed(): void {
    this.#resumeAt = Math.max(this.#resumeAt, this.#flushesAt.shift() ?? 0);
    this.#hasSpoken = false;
    this.#parts.onProgress();
  }

  #given(work: HostWork, step: Step): void {
    this.#held -= 1;
    const spans = step.kind === "work" ? step.spans : [];
    const before = this.#givenTo;
    this.#givenTo = this.#base + work.endSample;
    if (spans.length > 0) this.#hasSpoken = true;
    if (!this.#isFrames) this.#resumeAt = Math.max(this.#resumeAt, this.#givenTo);
    else this.#resumeAt = Math.max(this.#resumeAt, utteranceEnd(spans, before));
    this.#parts.onProgress();
  }
}

/**
 * Where an utterance ended that a recogniser gave when it had taken samples from `before` on: behind its last word,
 * and not before the samples that showed its end, which are silent up to there.
 */
function utteranceEnd(spans: readonly RecognizedSpan[], before: number): number {
  const last = spans.at(-1);
  return last === undefined ? 0 : Math.max(before, Math.ceil(last.endSeconds * sampleRateHz));
}
