import { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import { type EngineInfo, sampleRateHz } from "../engine/engine.ts";
import type { Blame, InstanceLease } from "../pool/types.ts";
import type { Scheduler } from "../schedule/schedule.ts";
import { Attempt, type Beginning, type Step } from "./attempt.ts";
import { isDeath } from "./death.ts";
import { isUtteranceEnd, Move } from "./move.ts";
import { OrderedQueue } from "./ordered-queue.ts";
import { PartialsSeat } from "./partials-seat.ts";
import { Places } from "./places.ts";
import type { PoisonMark, PoisonMemory } from "./poison.ts";
import { PoisonCheck, provenBy } from "./poison-check.ts";
import { afterDeath, counted, gotOn, noDeaths } from "./replay-policy.ts";
import { type ReaderStep, SessionEvents } from "./session-events.ts";
import { SessionInput } from "./session-input.ts";
import { Speaking } from "./speaking.ts";
import type { OpenSession, PartialsFrom, PartialsPlace, Session, SessionEvent, SessionSummary } from "./types.ts";

/**
 * Pieces of work that may be waiting, running or unread at once. More than any node can run, few enough that a
 * reader who stops reading holds back the input soon.
 */
const mostWorksInFlight = 64;

export interface Leased {
  readonly lease: InstanceLease;
  /** What serves by it. */
  readonly folder: ModelFolder;
}

/** A process waits with less than this for more samples. */
const longestRestSamples = 0.1 * sampleRateHz;

export interface SessionParts {
  readonly lease: InstanceLease;
  /** Another lease when a process of that model has ended, perhaps of another one. @throws VoxpoolError of the load */
  readonly leaseAgain: (served: ModelFolder, signal: AbortSignal) => Promise<Leased>;
  readonly scheduler: Scheduler;
  readonly options: OpenSession;
  /** A live session that is to go over to another process does so after so long, if no utterance ends before. */
  readonly moveSeconds: number;
  readonly loadSeconds: number;
  readonly poison: PoisonMemory;
  readonly onReplay: (blame: Blame) => void;
  readonly onPoison: (mark: PoisonMark) => void;
}

/**
 * A recognition under way. It survives the end of its process: what was written after the last thing that was
 * recognised is kept, and another process takes it up there. Neither the writer nor the reader sees more of that than
 * a delay.
 */
export class RunningSession implements Session {
  readonly info: EngineInfo;
  readonly #parts: SessionParts;
  readonly #input = new SessionInput((sample) => this.#refusePoison(sample));
  readonly #poisonCheck: PoisonCheck;
  readonly #places = new Places(mostWorksInFlight);
  /** What the reader has not read; bounded by the places. */
  readonly #steps = new OrderedQueue<ReaderStep>();
  readonly #speaking = new Speaking();
  readonly #stop = new AbortController();
  readonly #move: Move | undefined;
  readonly #seat = new PartialsSeat({
    want: (own) => this.#attempt.wantPartials(own && this.#parts.options.live?.partials === true),
    show: (span) => this.#steps.offer({ kind: "partial", span, isForeign: true }),
  });
  #attempt: Attempt;
  #folder: ModelFolder;
  #deaths = noDeaths;
  #replays = 0;
  #suspectTo = 0;
  /** Resolves with the next thing that is done. */
  #progress = Promise.withResolvers<void>();
  #over = false;
  /** What ended it before its time. */
  #failure: VoxpoolError | undefined;
  #isNoteUnread = false;
  #processedSamples = 0;
  #loadSeconds: number;
  #queueSeconds = 0;
  #droppedPartials = 0;
  #decodeSeconds = 0;

  /** @throws VoxpoolError `host_crashed` */
  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.info = parts.lease.info;
    this.#folder = parts.options.folder;
    this.#loadSeconds = parts.loadSeconds;
    this.#poisonCheck = new PoisonCheck(parts.poison, this.#folder, this.#input.written);
    this.#attempt = this.#begin(parts.lease, { resumeAt: 0, hasSpoken: false });
    if (parts.options.live !== undefined) this.#move = this.#watch();
    const { signal } = parts.options;
    signal?.addEventListener("abort", this.#aborted, { once: true });
    if (signal?.aborted) this.cancel();
    void this.#run();
  }

  get folder(): ModelFolder {
    return this.#folder;
  }

  write(samples: Float32Array): Promise<void> {
    return this.#input.write(samples);
  }

  async caughtUp(sample: number): Promise<void> {
    if (this.info.input !== "frames") return;
    while (this.#attempt.givenTo < sample - longestRestSamples) {
      if (this.#over) throw this.#failure ?? new VoxpoolError("request_cancelled");
      await this.#progress.promise;
    }
  }

  flush(): void {
    this.#input.flush();
  }

  end(): void {
    this.#input.end();
  }

  givePartials(from: PartialsFrom): PartialsPlace {
    return this.#seat.give(from);
  }

  finish(): void {
    if (this.#over) return;
    this.#countUse();
    this.cancel();
  }

  cancel(error = new VoxpoolError("request_cancelled")): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = error;
    this.#stop.abort(error);
    this.#attempt.close(error);
    this.#steps.fail(error);
    this.#input.close(error);
    this.#leave();
  }

  async *events(): AsyncIterable<SessionEvent> {
    const events = new SessionEvents(this.#parts.options, this.info);
    try {
      for await (const step of this.#steps) {
        this.#read(step);
        yield* events.of(step, this.#processedSeconds());
      }
      if (this.#failure) throw this.#failure; // it came when all work was done already
      this.#complete();
    } finally {
      this.cancel(); // of a reader that stopped early; without effect after completion
    }
  }

  summary(): SessionSummary {
    return {
      durationSeconds: this.#input.written.to / sampleRateHz,
      loadSeconds: this.#loadSeconds,
      queueSeconds: this.#queueSeconds + this.#attempt.queueSeconds,
      decodeSeconds: this.#decodeSeconds + this.#attempt.decodeSeconds,
      replays: this.#replays,
      droppedPartials: this.#droppedPartials + this.#attempt.droppedPartials,
    };
  }

  readonly #aborted = () => this.cancel();

  /** One process after the other, until all is recognised. */
  async #run(): Promise<void> {
    while (!this.#over) {
      try {
        for await (const step of this.#attempt.steps()) {
          this.#take(step);
          if (isUtteranceEnd(step)) this.#move?.utteranceOver();
        }
        this.#steps.end();
        return;
      } catch (error) {
        await this.#survive(VoxpoolError.from(error));
      }
    }
  }

  #take(step: Step): void {
    if (step.kind === "partial") {
      if (this.#seat.isOwn) this.#steps.offer(step);
      return;
    }
    if (step.kind === "settled") this.#isNoteUnread = true;
    if (step.kind === "flushed") this.#input.written.flushed();
    // The utterance is over: what was said so far is of no use to a reader that has not come to it.
    if (step.kind === "work" && step.spans.length > 0) this.#steps.retract();
    this.#steps.add(step);
    if (step.kind !== "work") return;
    if (this.#seat.isOwn && step.hypothesis) this.#steps.offer({ kind: "partial", span: step.hypothesis });
    this.#seat.replaced(step.spans);
  }

  #read(step: ReaderStep): void {
    if (step.kind === "work") {
      this.#places.giveBack(1);
    } else if (step.kind === "settled") {
      this.#isNoteUnread = false;
      this.#attempt.note();
    }
  }

  async #survive(error: VoxpoolError): Promise<void> {
    if (this.#over) return;
    if (this.#move?.isMove(error)) return this.#goOver(error);
    if (!isDeath(error) || this.#parts.options.isPartialsOnly === true) return this.cancel(error);
    const dead = this.#attempt;
    try {
      const blame = await dead.lease.ended;
      if (this.#over) return;
      this.#judge(error, blame);
      await dead.lease.succession();
      if (this.#over) return;
      this.#poisonCheck.all(dead.lease.instance.files); // another session may have proven it meanwhile
      await this.#replay(blame);
    } catch (refusal) {
      this.cancel(VoxpoolError.from(refusal));
    } finally {
      dead.close(error); // not before: others wait until it has another process
    }
  }

  /** @throws VoxpoolError that ends the session: `error` itself, `request_poisonous` */
  #judge(error: VoxpoolError, blame: Blame): void {
    const { suspects } = this.#attempt;
    const death = { blame, wasDecoding: suspects !== undefined, wasAlone: suspects?.isAlone ?? false };
    const verdict = afterDeath(this.#deaths, death);
    this.#deaths = counted(this.#deaths, death);
    if (verdict.kind === "give_up") throw error;
    if (verdict.kind === "poisonous") throw this.#poisoned(error);
    if (verdict.suspects) this.#suspectTo = Math.max(this.#suspectTo, suspects?.endSample ?? 0);
  }

  #poisoned(error: VoxpoolError): VoxpoolError {
    const { lease, suspects } = this.#attempt;
    const mark = this.#poisonCheck.remember(suspects?.endSample ?? this.#input.written.to, lease.instance.files);
    if (mark) this.#parts.onPoison(mark);
    return provenBy(error, this.folder.modelPath);
  }

  /** @throws VoxpoolError of the load */
  async #replay(blame: Blame): Promise<void> {
    await this.#goOn();
    if (this.#over) return;
    this.#replays += 1;
    this.#parts.onReplay(blame);
  }

  /** It has left its process: another goes on where that was. */
  async #goOver(error: VoxpoolError): Promise<void> {
    this.#attempt.close(error);
    try {
      await this.#goOn();
    } catch (refusal) {
      this.cancel(VoxpoolError.from(refusal));
    }
  }

  /** With the process that is there to take it over, else, also if that has ended meanwhile, with another. @throws VoxpoolError */
  async #goOn(): Promise<void> {
    const next = this.#move?.take();
    if (next !== undefined) {
      try {
        return this.#takeUp(next);
      } catch (error) {
        if (!isDeath(VoxpoolError.from(error))) throw error;
      }
    }
    const begunAt = performance.now();
    const leased = await this.#leaseAgain();
    this.#loadSeconds += (performance.now() - begunAt) / 1000;
    this.#takeUp(leased);
  }

  /** Of what was asked for by now, for who speaks; a recording is finished by what began it. @throws VoxpoolError of the load */
  async #leaseAgain(): Promise<Leased> {
    const { leaseAgain, options } = this.#parts;
    const { signal } = this.#stop;
    const meant = options.live === undefined ? undefined : await options.meant?.().catch(() => undefined);
    if (meant !== undefined && meant.directory !== this.#folder.directory) {
      const leased = await leaseAgain(meant, signal).catch(() => undefined);
      if (leased !== undefined) return leased;
    }
    return leaseAgain(this.#folder, signal);
  }

  /** @throws VoxpoolError `host_crashed` */
  #takeUp({ lease, folder }: Leased): void {
    const { queueSeconds, decodeSeconds, droppedPartials, beginning } = this.#attempt;
    if (this.#over) {
      lease.release();
      return;
    }
    this.#queueSeconds += queueSeconds;
    this.#droppedPartials += droppedPartials;
    this.#decodeSeconds += decodeSeconds;
    try {
      this.#attempt = this.#begin(lease, beginning);
    } catch (error) {
      lease.release();
      throw error;
    }
    this.#folder = folder;
    this.#move?.watch(lease);
  }

  #watch(): Move {
    const { leaseAgain, moveSeconds, options } = this.#parts;
    return new Move({
      served: () => ({ lease: this.#attempt.lease, folder: this.#folder }),
      meant: options.meant ?? (async () => this.#folder),
      onMeaning: options.onMeaning ?? (() => () => undefined),
      lease: (folder) => leaseAgain(folder, this.#stop.signal),
      longestSeconds: moveSeconds,
      goesOn: () => !this.#over && !this.#input.isEnded,
      leave: (error) => this.#attempt.leave(error),
    });
  }

  #begin(lease: InstanceLease, beginning: Omit<Beginning, "suspectTo">): Attempt {
    const attempt: Attempt = new Attempt({
      lease,
      scheduler: this.#parts.scheduler,
      options: this.#parts.options,
      written: this.#input.written,
      places: this.#places,
      beginning: { ...beginning, suspectTo: this.#suspectTo },
      onFed: (to) => this.#input.fed(to),
      onProgress: () => this.#gotOn(attempt),
      onSpeech: (edge) => {
        if (!this.#speaking.hear(edge)) return;
        this.#steps.add({ kind: "speech", ...edge });
        this.#seat.speech(edge);
      },
      isNoteUnread: () => this.#isNoteUnread,
    });
    if (!this.#seat.isOwn) attempt.wantPartials(false);
    return attempt;
  }

  /** What others do to a process counts only while the session does not get on. */
  #gotOn(attempt: Attempt): void {
    if (this.#over || attempt !== this.#attempt) return;
    this.#wake();
    this.#input.written.dropBefore(attempt.neededFrom);
    if (attempt.hasProgressed) this.#deaths = gotOn(this.#deaths);
  }

  /** @throws VoxpoolError `request_poisonous`, which ends the session */
  #refusePoison(sample: number): void {
    try {
      this.#poisonCheck.since(sample, this.#attempt.lease.instance.files);
    } catch (error) {
      this.cancel(VoxpoolError.from(error));
      throw error;
    }
  }

  #processedSeconds(): number {
    this.#processedSamples = Math.max(this.#processedSamples, this.#attempt.processedSamples);
    return this.#processedSamples / sampleRateHz;
  }

  #complete(): void {
    if (this.#over) return;
    this.#over = true;
    this.#countUse();
    this.#attempt.lease.release();
    this.#input.close();
    this.#leave();
  }

  #countUse(): void {
    if (this.#parts.options.isPart !== true) this.#attempt.lease.countUse();
  }

  #wake(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers();
  }

  #leave(): void {
    this.#move?.close();
    this.#wake();
    this.#parts.options.signal?.removeEventListener("abort", this.#aborted);
  }
}
