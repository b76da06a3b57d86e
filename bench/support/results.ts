import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Measurement } from "./case.ts";

/** What a case found, when, and how busy the machine was with others. */
export interface CaseResult {
  readonly name: string;
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly command: string;
  /** Mean number of running processes in the minute before. */
  readonly loadBefore: number;
  /** The same in the last minute of the case, its own processes included. */
  readonly loadAfter: number;
  readonly runs: number;
  readonly model: string;
  readonly rows: readonly Measurement[];
  /** Why there are none. */
  readonly unavailable?: string;
}

/** The last result of each case, so that one of them can be measured again alone. */
export class ResultStore {
  readonly #directory: string;

  constructor(cacheDirectory: string) {
    this.#directory = join(cacheDirectory, "results");
  }

  save(result: CaseResult): void {
    mkdirSync(this.#directory, { recursive: true });
    writeFileSync(this.#file(result.name), `${JSON.stringify(result, undefined, 2)}\n`);
  }

  load(name: string): CaseResult | undefined {
    const file = this.#file(name);
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as CaseResult) : undefined;
  }

  #file(name: string): string {
    return join(this.#directory, `${name}.json`);
  }
}
