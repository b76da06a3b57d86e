import type { Random } from "../support/random.ts";

/** What an activity works with until it is told to stop. */
export interface Scene {
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Does something again and again until the signal, with pauses of half to one and a half of the mean. */
export async function again({ random, signal }: Scene, meanMs: number, act: () => Promise<void>): Promise<void> {
  for (;;) {
    await pause((0.5 + random.next()) * meanMs, signal);
    if (signal.aborted) return;
    await act();
  }
}

/** Resolves after the time, or with the signal. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}

/** How often something ended how. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, this.of(name) + 1);
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** For people. */
  get shown(): string {
    return [...this.#counts].map(([name, count]) => `${name} ${count}`).join(", ") || "none";
  }
}
