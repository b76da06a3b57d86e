/** Names that are remembered; those that were seen longest ago are forgotten first. */
const mostNames = 10_000;
const minuteSeconds = 60;

interface Bucket {
  tokens: number;
  /** When `tokens` was right, seconds. */
  at: number;
}

/**
 * How often each name may do something: a bucket that fills by so many a minute, up to those of a minute, and of which
 * each time takes one (token bucket, RFC 2697 with one rate). A name that is forgotten has a full bucket again.
 */
export class TokenBuckets {
  readonly #now: () => number;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  /** @param now seconds of a clock that never goes back */
  constructor(now: () => number = () => performance.now() / 1000) {
    this.#now = now;
  }

  /** @returns 0, and one is taken; or the seconds until there is one */
  take(name: string, perMinute: number): number {
    const now = this.#now();
    const bucket = this.#bucket(name, now, perMinute);
    const rate = perMinute / minuteSeconds;
    bucket.tokens = Math.min(perMinute, bucket.tokens + (now - bucket.at) * rate);
    bucket.at = now;
    if (bucket.tokens < 1) return (1 - bucket.tokens) / rate;
    bucket.tokens -= 1;
    return 0;
  }

  get size(): number {
    return this.#buckets.size;
  }

  #bucket(name: string, now: number, full: number): Bucket {
    const known = this.#buckets.get(name);
    if (known !== undefined) this.#buckets.delete(name);
    const bucket = known ?? { tokens: full, at: now };
    this.#buckets.set(name, bucket);
    const [oldest] = this.#buckets.size > mostNames ? this.#buckets.keys() : [];
    if (oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }
}
