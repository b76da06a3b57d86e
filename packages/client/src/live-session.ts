import type { CallContext } from "./call.ts";
import { type CallFailure, ownFailure } from "./failure.ts";
import type { AudioStream, Finalized, LiveSession, SessionOptions, SessionSummary } from "./live.ts";
import { EventQueue, misunderstood, type ReadyEvent, type SessionEvent, sessionFailure } from "./live-events.ts";
import { type Hearing, type Link, openLink, type RunningLiveEvent } from "./live-link.ts";
import { pipeAudio } from "./live-pipe.ts";
import { bytesOf, type LiveAudio } from "./live-samples.ts";
import { LiveSender } from "./live-sender.ts";
import { pause, pauseMs } from "./retry.ts";
import { type CallScope, openScope } from "./scope.ts";
import { joinText } from "./text.ts";
import type { ServedBy } from "./transport.ts";

/** An attempt to go on waits no longer for its answer. */
const attemptMs = 5_000;
/** A connection that lasted so long was a good one: the next attempt is made at once. */
const goodConnectionMs = 5_000;

type End = SessionSummary | CallFailure;

/** A live session, from its first attempt to connect on. */
export class Session implements LiveSession, Hearing {
  readonly success = true;
  readonly #context: CallContext;
  readonly #options: SessionOptions;
  /** Its life after it is ready: what ends it, and whether it is over. */
  readonly #scope: CallScope;
  readonly #life = new AbortController();
  readonly #sender = new LiveSender();
  readonly #events = new EventQueue(() => void this.close());
  readonly #finalizing: ((result: Finalized | CallFailure) => void)[] = [];
  readonly #ended: Promise<End>;
  #tellEnd: (end: End) => void = () => undefined;
  #end: End | undefined;
  #ready: ReadyEvent | undefined;
  #servedBy: ServedBy | undefined;
  #link: Link | undefined;
  #linkedAtMs = 0;
  #failures = 0;
  #lastNumber = 0;
  /** How many were answered. */
  #finalizes = 0;
  #text = "";
  #partial = "";

  constructor(context: CallContext, options: SessionOptions) {
    this.#context = context;
    this.#options = options;
    this.#scope = openScope([...context.signals, options.signal], Infinity);
    this.#ended = new Promise((resolve) => {
      this.#tellEnd = resolve;
    });
    this.#scope.signal.addEventListener("abort", () => void this.close(), { once: true });
  }

  get sessionId(): string {
    return this.#ready?.session_id ?? "";
  }

  get modelPath(): string {
    return this.#ready?.model_path ?? "";
  }

  get modelVersion(): string {
    return this.#ready?.model_version ?? "";
  }

  get answered_by(): ServedBy | undefined {
    return this.#servedBy;
  }

  get text(): string {
    return this.#text;
  }

  get draft(): string {
    return joinText([this.#text, this.#partial]);
  }

  async write(audio: LiveAudio): Promise<boolean> {
    return this.#sender.write(bytesOf(audio, this.#options.encoding ?? "s16le"));
  }

  async pipeFrom(source: AudioStream): Promise<{ readonly success: true } | CallFailure> {
    const failure = await pipeAudio(source, (audio) => this.write(audio), this.#life.signal);
    if (failure !== undefined) return failure;
    return this.#end?.success === false ? this.#end : { success: true };
  }

  async finalize(): Promise<Finalized | CallFailure> {
    if (this.#end?.success === false) return this.#end;
    // After the end everything is final by itself.
    if (!this.#sender.control("finalize")) return finalized(await this.#ended);
    return new Promise((resolve) => this.#finalizing.push(resolve));
  }

  end(): Promise<End> {
    this.#sender.control("end");
    return this.#ended;
  }

  async close(): Promise<void> {
    this.#finish(ownFailure("request_cancelled"));
  }

  [Symbol.asyncIterator](): AsyncIterator<SessionEvent, void, undefined> {
    return this.#events;
  }

  onReady(link: Link, ready: ReadyEvent): void {
    if (this.#end !== undefined) {
      link.close();
      return;
    }
    this.#link = link;
    this.#linkedAtMs = performance.now();
    if (this.#ready === undefined) {
      this.#ready = ready;
      this.#servedBy = link.servedBy;
      this.#lastNumber = ready.number;
      this.#events.push(ready);
    }
    // A server that does not count them has answered those that it has.
    const { received_bytes: bytes, received_finalizes: finalizes = this.#finalizes } = ready;
    if (this.#sender.connect(link, { bytes, finalizes })) return;
    const detail =
      "the audio that it still needs is no longer kept, since too much was on its way when the connection broke";
    this.#finish(ownFailure("connection_lost", { url: this.#context.transport.target, detail }));
  }

  onEvent(event: RunningLiveEvent): void {
    // What was told before the connection broke may come again.
    if (this.#end !== undefined || event.number <= this.#lastNumber) return;
    this.#lastNumber = event.number;
    if (event.type === "error") {
      this.#finish(sessionFailure(event));
      return;
    }
    if (event.type === "partial") this.#partial = event.text;
    if (event.type === "final") {
      this.#text = joinText([this.#text, event.segment.text]);
      this.#partial = "";
    }
    this.#events.push(event);
    if (event.type === "finalized") this.#finalized();
    if (event.type === "ended") {
      const { duration, segments } = event;
      const by = this.#servedBy === undefined ? {} : { answered_by: this.#servedBy };
      this.#finish({ success: true, text: this.#text, duration, segments, ...by });
    }
  }

  onLost(failure: CallFailure): void {
    if (this.#end !== undefined) return;
    this.#link = undefined;
    this.#sender.disconnect();
    const { resume_seconds = 0 } = this.#ready ?? {};
    const mayResume = this.#context.retry.retries > 0 && resume_seconds > 0 && failure.reason === "connection_lost";
    if (!mayResume) {
      this.#finish(failure);
      return;
    }
    const { onLost } = this.#options;
    // Not from here: what a listener throws is the application's own.
    queueMicrotask(() => onLost?.(failure));
    this.#failures = performance.now() - this.#linkedAtMs > goodConnectionMs ? 0 : this.#failures + 1;
    void this.#resume(failure, resume_seconds);
  }

  /** Dials until the server goes on with the session, says that it cannot, or has forgotten it. */
  async #resume(lost: CallFailure, seconds: number): Promise<void> {
    const scope = openScope([this.#life.signal], seconds * 1000);
    let last = lost;
    try {
      for (; ; this.#failures++) {
        // The first attempt of all is made at once.
        if (this.#failures > 1) await pause(pauseMs(this.#context.retry, this.#failures - 2), scope.signal);
        if (scope.ended() !== undefined) break;
        const outcome = await this.#dial(scope);
        if (outcome.ok) return;
        if (scope.ended() !== undefined) break;
        last = outcome.failure;
        if (!last.retryable) return this.#finish(last);
      }
      const detail = `it could not be resumed within ${seconds} s (${last.message})`;
      this.#finish(ownFailure("connection_lost", { url: this.#context.transport.target, detail }));
    } finally {
      scope.close();
    }
  }

  async #dial(whole: CallScope): ReturnType<typeof openLink> {
    const message = { type: "resume" as const, session_id: this.sessionId, after: this.#lastNumber };
    const scope = openScope([whole.signal], attemptMs);
    try {
      return await openLink(this.#context.transport, message, this, scope, this.#servedBy);
    } catch (error) {
      // Once it could be had; a transport that has changed its mind ends the session.
      return { ok: false, failure: misunderstood(error, this.#context.transport.target), mayHaveArrived: true };
    } finally {
      scope.close();
    }
  }

  #finalized(): void {
    this.#finalizes++;
    this.#finalizing.shift()?.({ success: true, text: this.#text });
  }

  /** The end, however it comes; the first one counts. */
  #finish(end: End): void {
    if (this.#end !== undefined) return;
    const failed = end.success ? end : { ...end, ...(this.#servedBy && { answered_by: this.#servedBy }) };
    this.#end = failed;
    this.#partial = "";
    this.#scope.close();
    this.#sender.end();
    this.#link?.close();
    if (!failed.success) this.#events.push({ type: "error", failure: failed });
    this.#events.close();
    for (const tell of this.#finalizing.splice(0)) tell(finalized(failed));
    this.#tellEnd(failed);
    this.#life.abort();
  }
}

/** At the end everything is final. */
function finalized(end: End): Finalized | CallFailure {
  return end.success ? { success: true, text: end.text } : end;
}
