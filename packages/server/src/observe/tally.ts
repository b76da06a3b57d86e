import type { Reason, StatsWindow } from "@voxpool/client/contract";
import { type Static, Type } from "typebox";
import { Distribution, StoredDistribution } from "./distribution.ts";

/** A recognition that ended. Of one that failed only the number is counted: a refusal in a millisecond is no speed. */
export interface Recognised {
  readonly audioSeconds: number;
  /** Waiting for a turn to decode. */
  readonly queueSeconds: number;
  /** Spent decoding, in all decodes together. */
  readonly decodeSeconds: number;
  /** From the request to its answer. */
  readonly totalSeconds: number;
  /** Why it failed, if it did. */
  readonly reason?: Reason;
}

export const StoredTally = Type.Object({
  requests: Type.Integer({ minimum: 0 }),
  errors: Type.Integer({ minimum: 0 }),
  audio_seconds: Type.Number({ minimum: 0 }),
  work_seconds: Type.Number({ minimum: 0 }),
  queue: StoredDistribution,
  decode: StoredDistribution,
  total: StoredDistribution,
});

/** What happened in a stretch of time. */
export class Tally {
  #requests = 0;
  #errors = 0;
  #audioSeconds = 0;
  #workSeconds = 0;
  readonly #queue = new Distribution();
  readonly #decode = new Distribution();
  readonly #total = new Distribution();

  add(recognised: Recognised): void {
    this.#requests++;
    if (recognised.reason !== undefined) {
      this.#errors++;
      return;
    }
    this.#audioSeconds += positive(recognised.audioSeconds);
    this.#workSeconds += positive(recognised.decodeSeconds);
    this.#queue.add(recognised.queueSeconds);
    this.#decode.add(recognised.decodeSeconds);
    this.#total.add(recognised.totalSeconds);
  }

  merge(other: Tally): void {
    this.#requests += other.#requests;
    this.#errors += other.#errors;
    this.#audioSeconds += other.#audioSeconds;
    this.#workSeconds += other.#workSeconds;
    this.#queue.merge(other.#queue);
    this.#decode.merge(other.#decode);
    this.#total.merge(other.#total);
  }

  get requests(): number {
    return this.#requests;
  }

  get audioSeconds(): number {
    return this.#audioSeconds;
  }

  read(): StatsWindow {
    return {
      requests: this.#requests,
      errors: this.#errors,
      audio_seconds: this.#audioSeconds,
      real_time_factor: this.#audioSeconds === 0 ? 0 : this.#workSeconds / this.#audioSeconds,
      queue_seconds: this.#queue.read(),
      decode_seconds: this.#decode.read(),
      total_seconds: this.#total.read(),
    };
  }

  store(): Static<typeof StoredTally> {
    return {
      requests: this.#requests,
      errors: this.#errors,
      audio_seconds: this.#audioSeconds,
      work_seconds: this.#workSeconds,
      queue: this.#queue.store(),
      decode: this.#decode.store(),
      total: this.#total.store(),
    };
  }

  /** Adds what was stored. */
  restore(stored: Static<typeof StoredTally>): void {
    this.#requests += stored.requests;
    this.#errors += stored.errors;
    this.#audioSeconds += stored.audio_seconds;
    this.#workSeconds += stored.work_seconds;
    this.#queue.restore(stored.queue);
    this.#decode.restore(stored.decode);
    this.#total.restore(stored.total);
  }
}

/** A window that moves along in slices: the last of them is being filled, and one that is too old is forgotten. */
export class MovingTally {
  readonly #sliceSeconds: number;
  readonly #slices: number;
  /** By number of the slice since the clock's zero; at most as many as fit the window. */
  readonly #kept = new Map<number, Tally>();
  #newest = Number.NEGATIVE_INFINITY;
  #current = new Tally();

  constructor(sliceSeconds: number, slices: number) {
    this.#sliceSeconds = sliceSeconds;
    this.#slices = slices;
  }

  /** @param now seconds of a clock that never goes back; one that does is taken to stand still */
  add(recognised: Recognised, now: number): void {
    this.#moveTo(now);
    this.#current.add(recognised);
  }

  /** All of the window: between one slice less than its length and its length. */
  addTo(sum: Tally, now: number): void {
    this.#moveTo(now);
    for (const tally of this.#kept.values()) sum.merge(tally);
  }

  #moveTo(now: number): void {
    const slice = Math.floor(now / this.#sliceSeconds);
    if (!(slice > this.#newest)) return;
    this.#newest = slice;
    for (const old of this.#kept.keys()) if (old <= slice - this.#slices) this.#kept.delete(old);
    this.#current = new Tally();
    this.#kept.set(slice, this.#current);
  }
}

function positive(value: number): number {
  return value > 0 && value < Number.POSITIVE_INFINITY ? value : 0;
}
