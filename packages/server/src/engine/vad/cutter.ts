import { sampleRateHz } from "../engine.ts";
import type { LiveSegmenter, OpenSpeech, SpeechSegment } from "../segmenter.ts";
import { Audible } from "./audible.ts";
import { clean, frameSamples, paddingSamples, type SpeechDetector } from "./detector.ts";
import { quietestPoint } from "./quietest.ts";
import { SampleBuffer } from "./sample-buffer.ts";
import { Speech } from "./speech.ts";

/** A pause of this length ends a segment that is short still: models guess at a few words without a context. */
const longPauseSamples = 1.2 * sampleRateHz;

/** A pause of this length ends a segment that fills half of the room; shorter ones are between words. */
const pauseSamples = 0.5 * sampleRateHz;

/** Less speech than this (three frames) is a click. */
const clickSamples = 3 * frameSamples;

export interface CutterOptions {
  readonly detector: SpeechDetector;
  /** No segment is longer, its padding included. At least 2. */
  readonly maxSegmentSeconds: number;
  /**
   * For input without any speech by the detector: what is decoded all the same. A whisper into a
   * push-to-talk microphone is missed by a model, but its user knows that there was something.
   */
  readonly fallback?: () => SpeechDetector;
  /** Speech below this is dropped; a click unless given. */
  readonly leastSpeechSamples?: number;
  /** The first so many samples are only heard: no segment reaches into them. */
  readonly heardSamples?: number;
  /** A pause of this length ends a segment, however long it is; infinite: none does. */
  readonly pauseSeconds?: number;
  /** Something was said before: the fallback waits for the next `split`. */
  readonly hasSpoken?: boolean;
}

/**
 * Cuts a stream into segments: the one place that knows about pauses, padding and the longest segment.
 *
 * Everything is decided frame by frame, so that the chunks the samples come in make no difference. Neighbours
 * never overlap, so that no word is decoded twice. Held are at most two longest segments.
 */
export class Cutter implements LiveSegmenter {
  readonly #detector: SpeechDetector;
  readonly #fallback: (() => SpeechDetector) | undefined;
  #audible: Audible | undefined;
  readonly #maxSegmentSeconds: number;
  readonly #maxSamples: number;
  readonly #leastSpeechSamples: number;
  readonly #pauseSamples: number | undefined;
  readonly #buffer = new SampleBuffer();
  /** Everything before this is judged. */
  #judged = 0;
  /** The end of the last segment's samples: the next one cannot begin before. */
  #floor = 0;
  /** Where speech was last cut because it grew too long: what goes on from there is no click, however short. */
  #cutAt = Number.NEGATIVE_INFINITY;
  /** The speech under way. */
  #speech: Speech | undefined;

  constructor(options: CutterOptions) {
    const { detector, maxSegmentSeconds, fallback, leastSpeechSamples = clickSamples, heardSamples = 0 } = options;
    if (!(maxSegmentSeconds >= 2)) throw new RangeError(`maxSegmentSeconds is ${maxSegmentSeconds}, less than 2`);
    this.#detector = detector;
    this.#maxSamples = Math.floor(maxSegmentSeconds * sampleRateHz);
    this.#maxSegmentSeconds = maxSegmentSeconds;
    this.#leastSpeechSamples = leastSpeechSamples;
    this.#fallback = fallback;
    this.#floor = heardSamples;
    // What was heard may end in the middle of speech that grew too long.
    if (heardSamples > 0) this.#cutAt = heardSamples;
    if (options.pauseSeconds !== undefined) this.#pauseSamples = options.pauseSeconds * sampleRateHz;
    if (options.hasSpoken !== true) this.#listen();
  }

  get heldFrom(): number {
    return this.#buffer.from;
  }

  push(samples: Float32Array): readonly SpeechSegment[] {
    const segments: SpeechSegment[] = [];
    let taken = 0;
    while (taken < samples.length) {
      const missing = this.#judged + frameSamples - this.#buffer.to;
      const piece = samples.subarray(taken, taken + missing);
      this.#buffer.append(piece);
      taken += piece.length;
      if (piece.length === missing) this.#judge(this.#buffer.view(this.#judged, this.#buffer.to), segments);
    }
    return segments;
  }

  flush(): readonly SpeechSegment[] {
    const segments = this.#finishAll();
    this.close();
    return segments;
  }

  split(): readonly SpeechSegment[] {
    const speech = this.#speech;
    const segments = this.#finishAll();
    const end = this.#judged;
    // What goes on behind it is the rest of a word, however short.
    if (speech !== undefined && end - speech.end <= 2 * frameSamples) this.#cutAt = end;
    this.#floor = Math.max(this.#floor, end);
    this.close(); // what a detector remembers belongs to what is over
    this.#listen();
    return segments;
  }

  get open(): OpenSpeech | undefined {
    const speech = this.#speech;
    if (speech === undefined || !this.#isSpoken(speech)) return undefined;
    return { start: speech.start, end: speech.end, heardTo: this.#judged };
  }

  copyOpen(): SpeechSegment | undefined {
    const speech = this.#speech;
    if (speech === undefined || !this.#isSpoken(speech)) return undefined;
    const from = this.#beginOf(speech);
    const to = Math.min(speech.end + paddingSamples, this.#buffer.to);
    return { start: speech.start, end: speech.end, samplesFrom: from, samples: this.#buffer.copy(from, to) };
  }

  /** The fallback hears from here on. */
  #listen(): void {
    this.#audible = this.#fallback && new Audible(this.#fallback(), this.#maxSamples);
  }

  /** Judges all that is there, and gives all that is to be decoded of it. */
  #finishAll(): SpeechSegment[] {
    const segments: SpeechSegment[] = [];
    const end = this.#buffer.to;
    if (end > this.#judged) {
      const rest = this.#buffer.view(this.#judged, end);
      clean(rest);
      const frame = new Float32Array(frameSamples);
      frame.set(rest);
      this.#judge(frame, segments);
    }
    // Silence, until the detector has answered for the last sample.
    for (let lag = this.#detector.lagSamples; lag > 0; lag -= frameSamples) {
      this.#judge(new Float32Array(frameSamples), segments);
    }
    this.#finish(segments);
    segments.push(...this.#missed());
    this.#judged = end;
    this.#buffer.dropBefore(end);
    return segments;
  }

  close(): void {
    this.#detector.close();
    this.#audible?.stop();
  }

  #judge(frame: Float32Array, segments: SpeechSegment[]): void {
    clean(frame);
    const from = this.#judged - this.#detector.lagSamples;
    const to = Math.min(from + frameSamples, this.#buffer.to);
    this.#audible?.hear(frame, this.#judged, this.#judged + frameSamples, paddingSamples);
    this.#judged += frameSamples;
    if (this.#detector.isSpeech(frame)) {
      this.#hearSpeech(Math.max(this.#floor, from), to);
    } else if (this.#speech !== undefined && to - this.#speech.end >= this.#pauseAfter(this.#speech)) {
      this.#finish(segments);
    }
    if (this.#speech !== undefined && this.#judged + frameSamples - this.#beginOf(this.#speech) > this.#maxSamples) {
      this.#cut(this.#speech, segments);
    }
    this.#release();
  }

  #hearSpeech(from: number, to: number): void {
    if (to <= from) return;
    this.#speech ??= new Speech();
    this.#speech.add(from, to);
  }

  /** The speech has ended in a pause, or with the input. */
  #finish(segments: SpeechSegment[]): void {
    const speech = this.#speech;
    this.#speech = undefined;
    if (speech === undefined) return;
    if (this.#isSpoken(speech)) this.#emit(speech, this.#buffer.to, segments);
  }

  /** Enough for speech, or the rest of what was cut. */
  #isSpoken(speech: Speech): boolean {
    return speech.start - this.#cutAt <= frameSamples || speech.spokenSamples >= this.#leastSpeechSamples;
  }

  /** The speech has grown too long: all up to the quietest point in the second half of the room becomes a segment. */
  #cut(speech: Speech, segments: SpeechSegment[]): void {
    const begin = this.#beginOf(speech);
    const earliest = begin + Math.floor(this.#maxSamples / 2);
    const latest = Math.min(this.#judged, this.#buffer.to, begin + this.#maxSamples);
    const point = earliest + quietestPoint(this.#buffer.view(earliest, latest));
    const [before, after] = speech.splitAt(point);
    this.#cutAt = after === undefined ? latest : point;
    this.#emit(before, this.#cutAt, segments, after !== undefined);
    this.#speech = after;
  }

  #emit(speech: Speech, limit: number, segments: SpeechSegment[], goesOn = false): void {
    const from = this.#beginOf(speech);
    const to = Math.min(speech.end + paddingSamples, limit);
    const samples = this.#buffer.copy(from, to);
    segments.push({ start: speech.start, end: speech.end, samplesFrom: from, samples, ...(goesOn && { goesOn }) });
    this.#floor = to;
    this.#audible?.stop();
  }

  #pauseAfter(speech: Speech): number {
    if (this.#pauseSamples !== undefined) return this.#pauseSamples;
    return speech.end - speech.start < this.#maxSamples / 2 ? longPauseSamples : pauseSamples;
  }

  /** Where its samples begin, padding included. */
  #beginOf(speech: Speech): number {
    return Math.max(this.#floor, speech.start - paddingSamples);
  }

  #release(): void {
    const next = Math.max(this.#floor, this.#judged - this.#detector.lagSamples - paddingSamples);
    const needed = this.#speech === undefined ? next : this.#beginOf(this.#speech);
    this.#buffer.dropBefore(Math.min(needed, this.#audible?.from ?? needed));
  }

  /** What could be heard in an input in which the detector has found no speech. */
  #missed(): readonly SpeechSegment[] {
    const from = this.#audible?.from;
    if (from === undefined || this.#fallback === undefined) return [];
    const cutter = new Cutter({ detector: this.#fallback(), maxSegmentSeconds: this.#maxSegmentSeconds });
    const missed = [...cutter.push(this.#buffer.view(from, this.#buffer.to)), ...cutter.flush()];
    return missed.map((segment) => ({
      ...segment,
      start: segment.start + from,
      end: segment.end + from,
      samplesFrom: segment.samplesFrom + from,
    }));
  }
}
