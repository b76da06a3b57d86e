import type { BenchModel } from "./model.ts";
import type { Recording } from "./recordings.ts";

/** One thing that is measured against a goal. */
export interface BenchCase {
  readonly name: string;
  /** @throws Unavailable when its peer cannot be had here */
  readonly run: (bench: Bench) => Promise<readonly Measurement[]>;
}

/** What a case works with. */
export interface Bench {
  /** Tiny numbers that only prove that it runs. */
  readonly smoke: boolean;
  /** Rounds that are interleaved; the median counts. */
  readonly runs: number;
  readonly model: BenchModel;
  readonly recordings: readonly Recording[];
  /** Kept between runs; what has to be fetched is fetched into it. */
  readonly cacheDirectory: string;
  /** Removed at the end. */
  readonly temporaryDirectory: string;
  /** Tells people what goes on. */
  readonly say: (line: string) => void;
}

/** A row of the table. */
export interface Measurement {
  readonly what: string;
  /** The figures behind the ratio, with their units. */
  readonly figure: string;
  /** What the goal is about; undefined where there was nothing to compare with. */
  readonly value: number | undefined;
  /** Unit of the value; a ratio has none. */
  readonly unit: "" | "ms";
  /** Undefined: the row is there for information. */
  readonly goal?: Goal;
  /** What one has to know to judge the figure. */
  readonly note: string;
  /** What was found out about it, for when the goal is missed. */
  readonly whyMissed?: string;
}

export interface Goal {
  readonly kind: "at least" | "at most";
  readonly value: number;
}

/** A case that cannot run here, with the reason. */
export class Unavailable extends Error {}

export function isMet(value: number, goal: Goal): boolean {
  return goal.kind === "at least" ? value >= goal.value : value <= goal.value;
}
