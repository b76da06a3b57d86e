import { VoxpoolError } from "../../base/errors.ts";
import type { FrameEngine, SegmentEngine, SessionOptions, TextEngine } from "../../engine/engine.ts";
import type { SegmenterPool } from "../../engine/segmenter.ts";
import { FrameSession } from "./frame-session.ts";
import { SegmentSession } from "./segment-session.ts";
import { type ChildSession, failureOf, type SessionContext } from "./session.ts";

/** A loaded model: what sessions are made of. */
export type Loaded =
  | { readonly input: "segments"; readonly engine: SegmentEngine; readonly segmenters: SegmenterPool }
  | { readonly input: "frames"; readonly engine: FrameEngine }
  | { readonly input: "text"; readonly engine: TextEngine };

/** The sessions of a host by number; numbers grow from 1. */
export class Sessions {
  readonly #loaded: Loaded;
  readonly #context: SessionContext;
  readonly #open = new Map<number, ChildSession>();
  /** Samples may be faster than the `open` of their session, since these come another way. */
  readonly #early = new Map<number, (Float32Array | "flush")[]>();
  #newest = 0;

  constructor(loaded: Loaded, context: Omit<SessionContext, "forget">) {
    this.#loaded = loaded;
    this.#context = { ...context, forget: (session) => this.cancel(session) };
  }

  open(number: number, options: SessionOptions): void {
    const early = this.#early.get(number) ?? [];
    this.#early.delete(number);
    this.#newest = number;
    try {
      this.#open.set(number, this.#create(number, options));
    } catch (error) {
      this.#context.post({ type: "session_failed", session: number, error: failureOf(error, "decode_failed") });
    }
    for (const one of early) {
      if (one === "flush") this.flush(number);
      else this.frame(number, one);
    }
  }

  #create(number: number, options: SessionOptions): ChildSession {
    const loaded = this.#loaded;
    switch (loaded.input) {
      case "segments": {
        const { live, vad, resume } = options;
        const { engine, segmenters } = loaded;
        const segmenter = live === undefined ? segmenters.lend(vad, resume) : segmenters.lendLive(live, resume);
        return new SegmentSession(number, { engine, segmenter, options, context: this.#context });
      }
      case "frames":
        return new FrameSession(number, loaded.engine, options, this.#context);
      case "text":
        throw new VoxpoolError("capability_missing", { capability: "recognition of speech" });
    }
  }

  /** Samples of a session, or (none) the end of its input; those of a session that is over are dropped. */
  frame(number: number, samples: Float32Array): void {
    const session = this.#open.get(number);
    if (!session) {
      this.#keepEarly(number, samples);
    } else if (samples.length > 0) {
      session.take(samples);
    } else {
      session.endInput();
    }
  }

  /** In its place among the samples. */
  flush(number: number): void {
    const session = this.#open.get(number);
    if (session) session.flush();
    else this.#keepEarly(number, "flush");
  }

  #keepEarly(number: number, one: Float32Array | "flush"): void {
    if (number <= this.#newest) return;
    const early = this.#early.get(number);
    if (early) early.push(one);
    else this.#early.set(number, [one]);
  }

  grant(number: number, work: number): void {
    const session = this.#open.get(number);
    if (session) session.grant(work);
    // The session failed while the permit was on its way: the parent waits to hear that the decode is over.
    else this.#context.post({ type: "done", session: number, work, results: [], decodeSeconds: 0 });
  }

  wantPartials(number: number, wanted: boolean): void {
    this.#open.get(number)?.wantPartials(wanted);
  }

  cancel(number: number): void {
    this.#open.get(number)?.close();
    this.#open.delete(number);
  }
}
