import type { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { Clock } from "../pool/system-clock.ts";
import type { Destination, MovableName } from "./movable-name.ts";
import type { Outcome } from "./outcomes.ts";
import { isOwnFault, judge, type MeasuredSpeed, type ProbationLimits, type Verdict } from "./probation.ts";
import type { ProbationSnapshot } from "./types.ts";

export interface ProbationParts {
  readonly name: MovableName;
  readonly from: Destination;
  readonly to: ModelFolder;
  readonly limits: ProbationLimits;
  /** How fast the old version was. */
  readonly before: MeasuredSpeed | undefined;
  readonly clock: Clock;
  /** Told after each change what becomes of it, until `end`. */
  readonly decide: (verdict: Verdict) => void;
}

/** What proves that a recording is poisonous: the process ended at it, and again with it alone. */
const crashesOfPoison = 2;

/** A probation under way: counts what the new version does. */
export class RunningProbation {
  readonly parts: ProbationParts;
  readonly #since: number;
  readonly #sinceUnix: number;
  readonly #cancelTimer: (() => void) | undefined;
  #requests = 0;
  #errors = 0;
  /** Ends of its process that no recording was blamed for. */
  #crashes = 0;
  #recognised = 0;
  #poisonous = 0;
  #audioSeconds = 0;
  #decodeSeconds = 0;

  constructor(parts: ProbationParts) {
    this.parts = parts;
    const { clock, limits } = parts;
    this.#since = clock.seconds();
    this.#sinceUnix = clock.unix();
    if (Number.isFinite(limits.seconds)) {
      // A timer may come a moment early by the clock that measures.
      this.#cancelTimer = clock.after(limits.seconds, () => this.#judge(limits.seconds));
    }
  }

  /** A recognition with the new version came to its end. */
  add(outcome: Outcome): void {
    if (!("error" in outcome)) {
      this.#recognised += 1;
      this.#audioSeconds += outcome.audioSeconds;
      this.#decodeSeconds += outcome.decodeSeconds;
    } else if (outcome.error.reason === "request_poisonous") {
      this.#poisonous += 1;
      this.#crashes = Math.max(0, this.#crashes - crashesOfPoison);
      this.#judge();
      return;
    } else {
      if (!isOwnFault(outcome.error.reason)) return;
      this.#errors += 1;
    }
    this.#requests += 1;
    this.#judge();
  }

  /**
   * Its process ended by its own fault. Judged with the next recognition, since by then it is known whether a recording was
   * to blame; one that keeps ending without any is `down`.
   */
  addCrash(): void {
    this.#crashes += 1;
  }

  /** Its process keeps ending. */
  down(error: VoxpoolError): void {
    this.parts.decide({ kind: "rolled_back", why: "down", detail: error.message });
  }

  /** No verdict comes any more. */
  end(): void {
    this.#cancelTimer?.();
  }

  snapshot(): ProbationSnapshot {
    const { from, to, limits } = this.parts;
    return {
      from: from.folder,
      to,
      since: this.#sinceUnix,
      requests: this.#countedPoison + this.#requests,
      errors: this.#countedPoison + this.#errors + this.#crashes,
      ...(Number.isFinite(limits.seconds) && { until: this.#sinceUnix + limits.seconds }),
      ...(Number.isFinite(limits.requests) && { limitRequests: limits.requests }),
    };
  }

  /** What callers send is not its fault; unless every recording is: it has recognised none yet. */
  get #countedPoison(): number {
    return this.#recognised === 0 ? this.#poisonous : 0;
  }

  #judge(leastSeconds = 0): void {
    const { clock, limits, before, decide } = this.parts;
    const record = {
      requests: this.#countedPoison + this.#requests,
      errors: this.#countedPoison + this.#errors + this.#crashes,
      audioSeconds: this.#audioSeconds,
      decodeSeconds: this.#decodeSeconds,
      seconds: Math.max(leastSeconds, clock.seconds() - this.#since),
    };
    const verdict = judge(record, limits, before);
    if (verdict.kind !== "goes_on") decide(verdict);
  }
}
