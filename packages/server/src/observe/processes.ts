import type { ObservedInstance } from "./observed.ts";

/** Instances that are remembered; far more than are there at once. */
const mostInstances = 4096;

/**
 * Remembers how much processor time was counted for each instance, also of those that ended: their last events may come
 * late. A new instance under the name of an old one begins at 0.
 */
export class ProcessTimes {
  /** By id, the one that was looked at last at the end. */
  readonly #counted = new Map<string, number>();

  /** Processor seconds of all its processes since this instance was last looked at. */
  look({ instanceId: id, cpuSeconds = 0 }: ObservedInstance): number {
    const before = this.#counted.get(id) ?? 0;
    this.#counted.delete(id);
    this.#counted.set(id, cpuSeconds);
    if (this.#counted.size > mostInstances) {
      for (const oldest of this.#counted.keys()) {
        this.#counted.delete(oldest);
        break;
      }
    }
    return cpuSeconds >= before ? cpuSeconds - before : cpuSeconds;
  }
}
