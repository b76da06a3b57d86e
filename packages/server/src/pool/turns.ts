/**
 * Turns to decode in one process: ordinary ones side by side, those of suspects alone. Suspects go first, so that they
 * do not wait for ever behind a stream of others.
 */
export class Turns {
  #running = 0;
  #isAlone = false;
  readonly #waiting = new Set<{ readonly alone: boolean; readonly start: () => void }>();

  /** @throws the signal's reason */
  take(alone: boolean, signal?: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const leave = () => {
        if (this.#waiting.delete(entry)) reject(signal?.reason as Error);
        this.#next();
      };
      const entry = {
        alone,
        start: () => {
          signal?.removeEventListener("abort", leave);
          this.#running += 1;
          this.#isAlone = alone;
          let held = true;
          resolve(() => {
            if (!held) return;
            held = false;
            this.#running -= 1;
            if (this.#running === 0) this.#isAlone = false;
            this.#next();
          });
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.add(entry);
      this.#next();
    });
  }

  #next(): void {
    for (;;) {
      const suspect = [...this.#waiting].find(({ alone }) => alone);
      const next = suspect ?? this.#waiting.values().next().value;
      if (!next || this.#isAlone || (next.alone && this.#running > 0)) return;
      this.#waiting.delete(next);
      next.start();
    }
  }
}
