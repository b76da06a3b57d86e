import { sampleRateHz } from "../engine.ts";
import { Audible } from "./audible.ts";
import { clean, frameSamples, paddingSamples, type SpeechDetector } from "./detector.ts";
import { EnergyDetector } from "./energy.ts";
import { SampleBuffer } from "./sample-buffer.ts";

export interface TrimmerOptions {
  readonly detector: SpeechDetector;
  /** So much silence is held until it is known whether speech follows. */
  readonly longestPauseSeconds: number;
  /** For input without any speech by the detector, as for a `Cutter`. */
  readonly fallback?: () => SpeechDetector;
  /** The first so many samples are only heard: no passage reaches into them. */
  readonly heardSamples?: number;
}

/** A part of the stream that is wanted, with its place: index of its first sample. */
export interface Passage {
  readonly from: number;
  readonly samples: Float32Array;
  /** Silence follows, or the end. */
  readonly ends: boolean;
}

/**
 * Takes the silence off both ends of a stream, but for 300 ms; what lies between the first and the last speech goes
 * through as it is, pauses included.
 *
 * A stream may be endless, so silence is not held for ever: after the longest pause it is taken for the end if
 * nothing at all can be heard in it, and otherwise it goes through. What follows such an end is a new passage.
 */
export class Trimmer {
  readonly #detector: SpeechDetector;
  readonly #fallback: (() => SpeechDetector) | undefined;
  readonly #audible: Audible | undefined;
  readonly #ear = new EnergyDetector();
  readonly #longestPauseSeconds: number;
  readonly #longestPauseSamples: number;
  readonly #buffer = new SampleBuffer();
  /** Everything before this is judged. */
  #judged = 0;
  readonly #heardSamples: number;
  /** Everything before this went through or was taken off. */
  #done: number;
  /** The end of the last speech of the passage under way. */
  #speechEnd: number | undefined;
  #pauseIsAudible = false;

  constructor({ detector, longestPauseSeconds, fallback, heardSamples = 0 }: TrimmerOptions) {
    this.#heardSamples = heardSamples;
    this.#done = heardSamples;
    this.#detector = detector;
    this.#longestPauseSeconds = longestPauseSeconds;
    this.#longestPauseSamples = Math.floor(longestPauseSeconds * sampleRateHz);
    this.#fallback = fallback;
    if (fallback !== undefined) this.#audible = new Audible(fallback(), this.#longestPauseSamples);
  }

  /** Index of the first sample that is still held; everything before it went through or was taken off. */
  get heldFrom(): number {
    return this.#buffer.from;
  }

  push(samples: Float32Array): readonly Passage[] {
    const passages: Passage[] = [];
    let taken = 0;
    while (taken < samples.length) {
      const missing = this.#judged + frameSamples - this.#buffer.to;
      const piece = samples.subarray(taken, taken + missing);
      this.#buffer.append(piece);
      taken += piece.length;
      if (piece.length === missing) this.#judge(this.#buffer.view(this.#judged, this.#buffer.to), passages);
    }
    if (this.#speechEnd !== undefined) this.#pass(this.#speechEnd, false, passages);
    this.#release();
    return passages;
  }

  flush(): readonly Passage[] {
    const passages: Passage[] = [];
    const end = this.#buffer.to;
    if (end > this.#judged) {
      const rest = this.#buffer.view(this.#judged, end);
      clean(rest);
      const frame = new Float32Array(frameSamples);
      frame.set(rest);
      this.#judge(frame, passages);
    }
    // Silence, until the detector has answered for the last sample.
    for (let lag = this.#detector.lagSamples; lag > 0; lag -= frameSamples) {
      this.#judge(new Float32Array(frameSamples), passages);
    }
    if (this.#speechEnd !== undefined) this.#end(this.#speechEnd, passages);
    passages.push(...this.#missed());
    this.#judged = end;
    this.#done = end;
    this.#buffer.dropBefore(end);
    this.close();
    return passages;
  }

  close(): void {
    this.#detector.close();
    this.#audible?.stop();
  }

  #judge(frame: Float32Array, passages: Passage[]): void {
    clean(frame);
    const from = this.#judged - this.#detector.lagSamples;
    const to = Math.min(from + frameSamples, this.#buffer.to);
    this.#audible?.hear(frame, this.#judged, this.#judged + frameSamples, paddingSamples);
    this.#judged += frameSamples;
    if (this.#detector.isSpeech(frame)) this.#hearSpeech(Math.max(this.#heardSamples, from), to);
    else this.#hearSilence(frame, to, passages);
  }

  #hearSpeech(from: number, to: number): void {
    if (to <= from) return;
    if (this.#speechEnd === undefined) this.#done = Math.max(this.#done, from - paddingSamples);
    this.#speechEnd = to;
    this.#pauseIsAudible = false;
    this.#audible?.stop();
  }

  #hearSilence(frame: Float32Array, to: number, passages: Passage[]): void {
    if (this.#speechEnd === undefined) return;
    this.#pauseIsAudible ||= this.#ear.isSpeech(frame);
    if (to - this.#speechEnd < this.#longestPauseSamples) return;
    if (this.#pauseIsAudible) this.#speechEnd = to;
    else this.#end(this.#speechEnd, passages);
    this.#pauseIsAudible = false;
  }

  #end(speechEnd: number, passages: Passage[]): void {
    this.#pass(Math.min(speechEnd + paddingSamples, this.#buffer.to), true, passages);
    this.#speechEnd = undefined;
  }

  /** Lets everything before `to` through. */
  #pass(to: number, ends: boolean, passages: Passage[]): void {
    if (to <= this.#done && !ends) return;
    const from = Math.min(this.#done, to);
    passages.push({ from, samples: this.#buffer.copy(from, to), ends });
    this.#done = to;
  }

  #release(): void {
    const silence = Math.max(this.#done, this.#judged - this.#detector.lagSamples - paddingSamples);
    const needed = this.#speechEnd === undefined ? silence : this.#done;
    this.#buffer.dropBefore(Math.min(needed, this.#audible?.from ?? needed));
  }

  /** What could be heard in an input in which the detector has found no speech. */
  #missed(): readonly Passage[] {
    const from = this.#audible?.from;
    if (from === undefined || this.#fallback === undefined) return [];
    const detector = this.#fallback();
    const trimmer = new Trimmer({ detector, longestPauseSeconds: this.#longestPauseSeconds });
    const missed = [...trimmer.push(this.#buffer.view(from, this.#buffer.to)), ...trimmer.flush()];
    return missed.map((passage) => ({ ...passage, from: passage.from + from }));
  }
}
