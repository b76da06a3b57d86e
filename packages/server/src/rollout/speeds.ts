import type { MeasuredSpeed } from "./probation.ts";

interface Sums {
  requests: number;
  audioSeconds: number;
  decodeSeconds: number;
}

/** Older recognitions fade: at so many the sums are halved. */
const mostRemembered = 200;

/** How fast model versions decode, by their directory: what a new one is measured against. */
export class Speeds {
  readonly #sums = new Map<string, Sums>();

  add(directory: string, audioSeconds: number, decodeSeconds: number): void {
    const sums = this.#sums.get(directory) ?? { requests: 0, audioSeconds: 0, decodeSeconds: 0 };
    this.#sums.set(directory, sums);
    sums.requests += 1;
    sums.audioSeconds += audioSeconds;
    sums.decodeSeconds += decodeSeconds;
    if (sums.requests < mostRemembered) return;
    sums.requests /= 2;
    sums.audioSeconds /= 2;
    sums.decodeSeconds /= 2;
  }

  /** Undefined: nothing was recognised with it yet. */
  of(directory: string): MeasuredSpeed | undefined {
    const sums = this.#sums.get(directory);
    if (!sums || sums.audioSeconds === 0) return undefined;
    return { requests: sums.requests, realTimeFactor: sums.decodeSeconds / sums.audioSeconds };
  }

  /** Its instance has gone. */
  forget(directory: string): void {
    this.#sums.delete(directory);
  }
}
