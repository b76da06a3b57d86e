import { type ErrorDetails, type MessageLanguage, VoxpoolError, type WarningReason, warning } from "../base/errors.ts";
import { interleaved, Notices } from "../base/interleaved.ts";
import { sampleRateHz } from "../engine/engine.ts";
import type { Session } from "../recognition/types.ts";
import { toLiveOutput } from "./live-events.ts";
import type { LiveInput, SampleSink } from "./live-input.ts";
import type { TextSteps } from "./text-steps.ts";
import type { LiveOutput, LiveSession } from "./types.ts";
import { Unheard, unheardSeconds } from "./unheard.ts";

export interface LiveLimits {
  /** Audio that may wait before the writer does. */
  readonly bufferSeconds: number;
  /** A session to which nothing is written for so long is ended. */
  readonly idleSeconds: number;
  /** Longest session. */
  readonly maxSeconds: number;
}

export interface RunningLiveParts {
  /** Whether its caller may go on: asked each time that audio comes, since a key may be revoked meanwhile. */
  readonly isAllowed?: () => boolean;
  readonly session: Session;
  readonly steps: TextSteps;
  readonly model: LiveSession["model"];
  readonly makeInput: (sink: SampleSink) => LiveInput;
  /** What is to be said before anything else. */
  readonly warnings: readonly Warned[];
  readonly limits: LiveLimits;
  readonly language: MessageLanguage;
  /** It is over; the error, if it did not come to its end. Called once. */
  readonly onOver: (error?: VoxpoolError) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

type Warned = Extract<LiveOutput, { type: "warning" }>;

/** Each costs the process a cut; nobody ends so many utterances before the first of them is through. */
const mostFinalizing = 50;

/** A live session: bytes in, what the contract says out. */
export class RunningLive implements LiveSession {
  readonly model: LiveSession["model"];
  readonly #parts: RunningLiveParts;
  readonly #input: LiveInput;
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #notices = new Notices<Warned>();
  readonly #unheard: Unheard;
  /** Samples that were taken in, and those that are not with a process yet. */
  #samples = 0;
  #waiting = 0;
  #failure: VoxpoolError | undefined;
  /** Of each finalize that is under way how many there were at that place. */
  readonly #finalizing: { count: number; readonly samples: number }[] = [];
  /** Those that came while too many were under way: they become one, behind what has come by then. */
  #postponed = 0;
  #writes = 0;
  #isQuiet = true;
  #isEnded = false;
  #isOver = false;
  /** A limit that ended it: what was said before is given first. */
  #limit: VoxpoolError | undefined;

  constructor(parts: RunningLiveParts) {
    const { maxSeconds, idleSeconds } = parts.limits;
    this.model = parts.model;
    this.#parts = parts;
    this.#unheard = new Unheard(parts.now ?? (() => performance.now()));
    this.#input = parts.makeInput(this.#sink());
    this.#timers = [
      setInterval(() => this.#lookWhetherIdle(), (idleSeconds * 1000) / 2),
      setTimeout(() => this.stop(tooLong(maxSeconds)), Math.min(maxSeconds * 1000, longestTimerMs)),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#parts.isAllowed?.() === false) this.cancel(new VoxpoolError("key_invalid"));
    if (this.#failure) throw this.#failure;
    if (this.#limit) return; // what comes on behind the limit is not heard, as its error says
    if (this.#isEnded) throw new VoxpoolError("request_invalid", { detail: "audio came after the end" });
    this.#writes += 1;
    this.#isQuiet = false;
    try {
      await this.#input.write(bytes);
    } finally {
      this.#writes -= 1;
      this.#isQuiet = false;
    }
  }

  async caughtUp(): Promise<void> {
    await this.#parts.session.caughtUp(this.#samples);
    await new Promise((resolve) => setImmediate(resolve)); // what was heard is on its way to the reader
  }

  finalize(): void {
    if (this.#isEnded || this.#isOver) return;
    this.#isQuiet = false;
    this.#input.flush();
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#input.end();
  }

  /** Ends it as its client would, and then says why. */
  stop(limit: VoxpoolError): void {
    if (this.#isEnded || this.#isOver) return;
    this.#limit = limit;
    this.end();
  }

  /** Says something at once, between what is heard. */
  warn(reason: WarningReason, details: ErrorDetails): void {
    this.#notices.add(this.#warning(reason, details));
  }

  cancel(error = new VoxpoolError("request_cancelled")): void {
    this.#parts.session.cancel(error);
    this.#leave(error);
  }

  async *events(): AsyncGenerator<LiveOutput, void> {
    const { session, steps, warnings } = this.#parts;
    let segments = 0;
    try {
      yield* warnings;
      const told = new Set<VoxpoolError>();
      for await (const event of interleaved(steps.applyLive(session.events()), this.#notices)) {
        yield* this.#textWarnings(told);
        if (event.type === "final") segments += 1;
        if (event.type === "flushed") yield* this.#finalized();
        const output = event.type === "flushed" || event.type === "warning" ? event : toLiveOutput(event);
        if (output === undefined || output.type === "flushed") continue;
        this.#unheard.heard(output, this.#audioSeconds);
        yield output;
      }
      if (this.#unheard.isDueAtEnd(this.#audioSeconds)) yield this.#warning(...nothingHeard);
      // Those that were postponed until the end.
      for (; this.#postponed > 0; this.#postponed -= 1) yield { type: "finalized" };
      if (this.#limit) throw this.#limit;
      this.#leave();
      yield { type: "ended", duration: session.summary().durationSeconds, segments };
    } catch (error) {
      this.#leave(VoxpoolError.from(error));
      throw error;
    } finally {
      this.cancel(); // of a reader that stopped early; without effect after the end
    }
  }

  /** Where the input's samples go: as many as the buffer holds are not waited for. */
  #sink(): SampleSink {
    const { session, limits } = this.#parts;
    return {
      write: (samples) => this.#take(samples, limits.bufferSeconds * sampleRateHz),
      flush: () => this.#flush(),
      end: () => session.end(),
      cancel: (error) => this.cancel(error),
    };
  }

  async #take(samples: Float32Array, bufferSamples: number): Promise<void> {
    if (this.#failure) throw this.#failure;
    const { session, limits } = this.#parts;
    const left = limits.maxSeconds * sampleRateHz - this.#samples;
    const wanted = samples.length > left ? samples.subarray(0, left) : samples;
    this.#samples += wanted.length;
    this.#waiting += wanted.length;
    if (this.#unheard.isDue(this.#audioSeconds)) this.warn(...nothingHeard);
    const taken = session.write(wanted).finally(() => {
      this.#waiting -= wanted.length;
    });
    taken.catch((error: unknown) => {
      this.#failure ??= VoxpoolError.from(error);
    });
    if (wanted.length < samples.length) this.stop(tooLong(limits.maxSeconds));
    if (this.#waiting > bufferSamples) await taken;
  }

  /** Many at one place are one for the process: who floods it with them costs it nothing. */
  #flush(): void {
    const last = this.#finalizing.at(-1);
    if (last?.samples === this.#samples) {
      last.count += 1;
      return;
    }
    if (this.#finalizing.length >= mostFinalizing) {
      this.#postponed += 1;
      return;
    }
    this.#finalizing.push({ count: 1, samples: this.#samples });
    this.#parts.session.flush();
  }

  *#finalized(): Generator<LiveOutput, void> {
    const count = this.#finalizing.shift()?.count ?? 0;
    if (this.#postponed > 0 && !this.#isEnded) {
      this.#finalizing.push({ count: this.#postponed, samples: this.#samples });
      this.#postponed = 0;
      this.#parts.session.flush();
    }
    for (let left = count; left > 0; left -= 1) yield { type: "finalized" };
  }

  *#textWarnings(told: Set<VoxpoolError>): Generator<LiveOutput, void> {
    const { steps, language } = this.#parts;
    const failures = [
      ["punctuation_failed", steps.punctuationFailure],
      ["script_failed", steps.scriptFailure],
    ] as const;
    for (const [reason, failure] of failures) {
      if (failure === undefined || told.has(failure)) continue;
      told.add(failure);
      yield this.#warning(reason, { detail: failure.messageIn(language) });
    }
  }

  #warning(reason: WarningReason, details: ErrorDetails): Warned {
    return { type: "warning", ...warning(reason, details, this.#parts.language) };
  }

  get #audioSeconds(): number {
    return this.#samples / sampleRateHz;
  }

  /** Looks twice in the time: quiet at both looks is quiet for all of it at least. */
  #lookWhetherIdle(): void {
    const { idleSeconds } = this.#parts.limits;
    const isIdle = this.#isQuiet && this.#writes === 0 && this.#waiting === 0 && !this.#isEnded;
    this.#idleLooks = isIdle ? this.#idleLooks + 1 : 0;
    this.#isQuiet = true;
    if (this.#idleLooks < 2) return;
    this.stop(new VoxpoolError("live_idle", { idle_seconds: idleSeconds, setting: "limits.live_idle_seconds" }));
  }

  #idleLooks = 0;

  #leave(error?: VoxpoolError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isEnded = true;
    this.#failure ??= error ?? new VoxpoolError("request_cancelled");
    for (const timer of this.#timers) clearTimeout(timer);
    this.#input.close();
    this.#parts.onOver(error);
  }
}

const nothingHeard = ["nothing_heard", { seconds: unheardSeconds }] as const;

/** Timers take no longer time. */
const longestTimerMs = 2 ** 31 - 1;

const tooLong = (limit_seconds: number): VoxpoolError =>
  new VoxpoolError("live_too_long", { limit_seconds, setting: "limits.live_seconds" });
