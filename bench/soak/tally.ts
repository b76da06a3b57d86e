import { quantile } from "../support/statistics.ts";
import type { Outcome } from "./clients.ts";
import type { Utterance } from "./models.ts";

/** So many of what went wrong are told one by one; the rest is counted. */
const mostTold = 50;

/** Counts what became of the requests, and tells what went wrong. */
export class Tally {
  requests = 0;
  refused = 0;
  wrongWords = 0;
  audioSeconds = 0;
  readonly #latencies: { readonly atMs: number; readonly ms: number }[] = [];
  readonly #failures = new Map<string, number>();
  readonly #byClient = new Map<string, number>();
  readonly #say: (line: string) => void;
  readonly #begun = performance.now();
  #told = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  get failed(): number {
    return [...this.#failures.values()].reduce((sum, count) => sum + count, 0);
  }

  get admitted(): number {
    return this.requests - this.refused;
  }

  /** @param ms since it was to be sent */
  count(client: string, model: string, utterance: Utterance, outcome: Outcome, ms: number): void {
    this.requests += 1;
    this.#byClient.set(client, (this.#byClient.get(client) ?? 0) + 1);
    if (outcome.kind === "refused") {
      this.refused += 1;
    } else if (outcome.kind === "failed") {
      const what = `${model}: ${outcome.reason}`;
      this.#failures.set(what, (this.#failures.get(what) ?? 0) + 1);
      this.#tell(`failed after ${ms.toFixed(0)} ms: ${client}, ${what}`);
    } else {
      this.audioSeconds += utterance.seconds;
      this.#latencies.push({ atMs: performance.now() - this.#begun, ms });
      if (outcome.text !== utterance.text) {
        this.wrongWords += 1;
        this.#tell(
          `wrong: ${client}, ${model}: ${JSON.stringify(outcome.text)}, not ${JSON.stringify(utterance.text)}`,
        );
      }
    }
  }

  /** Of the answered ones, milliseconds. */
  latencyMs(share: number): number {
    return this.#latencies.length === 0
      ? Number.NaN
      : quantile(
          this.#latencies.map(({ ms }) => ms),
          share,
        );
  }

  /** The same for each of so many equal parts of the time, in their order. */
  latenciesMs(share: number, parts: number): readonly number[] {
    const partMs = (performance.now() - this.#begun) / parts;
    const byPart = Array.from({ length: parts }, (_, part) =>
      this.#latencies.filter(({ atMs }) => Math.floor(atMs / partMs) === part).map(({ ms }) => ms),
    );
    return byPart.map((latencies) => (latencies.length === 0 ? Number.NaN : quantile(latencies, share)));
  }

  /** For people: what failed, and how often. */
  failures(): string {
    return [...this.#failures].map(([what, count]) => `${what} (${count})`).join("; ");
  }

  /** For people: who asked how often. */
  clients(): string {
    return [...this.#byClient].map(([name, count]) => `${name} ${count}`).join(", ");
  }

  #tell(what: string): void {
    this.#told += 1;
    if (this.#told <= mostTold) this.#say(`${((performance.now() - this.#begun) / 1000).toFixed(1)} s: ${what}`);
  }
}
