import { DDSketch } from "@datadog/sketches-js";
import type { Quantiles } from "@voxpool/client/contract";
import { type Static, Type } from "typebox";

/** A quantile is at most so much away from the exact one, relative to it. */
export const relativeError = 0.01;
/** What is shorter counts as 0, seconds. */
export const shortestSeconds = 1e-4;
/** What is longer counts as so long, seconds. */
const longestSeconds = 1e5;

/** Most bins that a sketch can have between the shortest and the longest. */
const mostBins = 1100;

/** A distribution as it is stored: how often each bin was hit, from `first` on. */
export const StoredDistribution = Type.Object({
  count: Type.Integer({ minimum: 0 }),
  sum: Type.Number({ minimum: 0 }),
  max: Type.Number({ minimum: 0 }),
  first: Type.Integer({ minimum: -500, maximum: 600 }),
  bins: Type.Array(Type.Integer({ minimum: 0 }), { maxItems: mostBins }),
});
export type StoredDistribution = Static<typeof StoredDistribution>;

/**
 * Durations in bounded room: a sketch with a bounded relative error (DDSketch, Masson and others, VLDB 2019). Count,
 * mean and maximum are exact. At most some 8 kB, whatever is added.
 */
export class Distribution {
  #count = 0;
  #sum = 0;
  #max = 0;
  /** Made with the first duration that is not 0: many stay empty. */
  #sketch: DDSketch | undefined;

  /** Adds a duration, seconds; what is no duration counts as 0. */
  add(seconds: number): void {
    const kept = seconds > 0 ? Math.min(seconds, longestSeconds) : 0;
    this.#count++;
    this.#sum += kept;
    if (kept > this.#max) this.#max = kept;
    if (kept < shortestSeconds) return;
    this.#sketch ??= new DDSketch({ relativeAccuracy: relativeError });
    this.#sketch.accept(kept);
  }

  /** Adds all that another one holds, which stays as it is. */
  merge(other: Distribution): void {
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#max = Math.max(this.#max, other.#max);
    if (other.#sketch === undefined) return;
    const { bins, minKey, maxKey, offset } = other.#sketch.store;
    this.#addBins(minKey, bins, minKey - offset, maxKey - offset);
  }

  read(): Quantiles {
    const mean = this.#count === 0 ? 0 : this.#sum / this.#count;
    return { count: this.#count, mean, p50: this.#at(0.5), p95: this.#at(0.95), p99: this.#at(0.99), max: this.#max };
  }

  store(): StoredDistribution {
    const exact = { count: this.#count, sum: this.#sum, max: this.#max };
    if (this.#sketch === undefined) return { ...exact, first: 0, bins: [] };
    const { bins, minKey, maxKey, offset } = this.#sketch.store;
    return { ...exact, first: minKey, bins: bins.slice(minKey - offset, maxKey - offset + 1) };
  }

  /** Adds what was stored. */
  restore({ count, sum, max, first, bins }: StoredDistribution): void {
    const kept = bins.reduce((all, hits) => all + hits, 0);
    this.#count += Math.max(count, kept);
    this.#sum += sum;
    this.#max = Math.max(this.#max, max);
    if (kept > 0) this.#addBins(first, bins, 0, bins.length - 1);
  }

  /**
   * Adds bins `from` to `to`, the first of which is `key`. Not by the library's own `merge`: that takes an upper end at
   * the key 0 (one second) for none at all and counts beyond its array, and copies more than it has to.
   */
  #addBins(key: number, bins: readonly number[], from: number, to: number): void {
    this.#sketch ??= new DDSketch({ relativeAccuracy: relativeError });
    const { store } = this.#sketch;
    // Nothing at both ends, so that there is room between them.
    store.add(key, 0);
    store.add(key + to - from, 0);
    const { bins: own, offset } = store;
    const shift = key - from - offset;
    let added = 0;
    for (let index = from; index <= to; index++) {
      const hits = bins[index] ?? 0;
      own[index + shift] = (own[index + shift] ?? 0) + hits;
      added += hits;
    }
    store.count += added;
    this.#sketch.count += added;
  }

  /** The duration below which the given part lies. Durations that count as 0 come first and are not in the sketch. */
  #at(part: number): number {
    const sketch = this.#sketch;
    const zeros = this.#count - (sketch?.count ?? 0);
    const rank = Math.floor(part * (this.#count - 1));
    if (sketch === undefined || rank < zeros) return 0;
    const share = sketch.count === 1 ? 0 : Math.min(1, (rank - zeros + 0.5) / (sketch.count - 1));
    return Math.min(sketch.getValueAtQuantile(share), this.#max);
  }
}
