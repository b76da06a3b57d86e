interface Run {
  readonly from: number;
  readonly to: number;
}

/** Stretches of speech with the short pauses between them, as sample indices. Never empty once something was added. */
export class Speech {
  readonly #runs: Run[];

  constructor(runs: readonly Run[] = []) {
    this.#runs = [...runs];
  }

  get start(): number {
    return this.#runs[0]?.from ?? 0;
  }

  get end(): number {
    return this.#runs.at(-1)?.to ?? 0;
  }

  /** How much of it is speech, pauses left out. */
  get spokenSamples(): number {
    return this.#runs.reduce((sum, run) => sum + run.to - run.from, 0);
  }

  /** Adds a stretch after everything that is there. */
  add(from: number, to: number): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && last.to >= from) this.#runs[this.#runs.length - 1] = { from: last.from, to };
    else this.#runs.push({ from, to });
  }

  /** What lies before and after a point; a stretch that holds the point is divided. */
  splitAt(point: number): readonly [Speech, Speech | undefined] {
    const before = this.#runs
      .filter((run) => run.from < point)
      .map(({ from, to }) => ({ from, to: Math.min(to, point) }));
    const after = this.#runs
      .filter((run) => run.to > point)
      .map(({ from, to }) => ({ from: Math.max(from, point), to }));
    return [new Speech(before), after.length > 0 ? new Speech(after) : undefined];
  }
}
