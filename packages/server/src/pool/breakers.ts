import { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import { Faults } from "./faults.ts";
import { innermost } from "./quarantine.ts";

/** Models that are remembered; far more than keep ending. */
const mostRemembered = 1024;

interface Breaker {
  readonly faults: Faults;
  /** What ended its last process. */
  error?: VoxpoolError;
}

/** How the processes of each model version ended, whichever instance they belonged to: no unload makes one forget it. */
export class Breakers {
  /** By directory, the one that was asked for last at the end. */
  readonly #kept = new Map<string, Breaker>();
  readonly #now: () => number;

  /** @param now seconds of a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  of({ directory }: ModelFolder): Faults {
    const kept = this.#kept.get(directory) ?? { faults: new Faults(this.#now) };
    this.#kept.delete(directory);
    this.#kept.set(directory, kept);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > mostRemembered) this.#kept.delete(oldest);
    return kept.faults;
  }

  /** What ended a process of it. */
  note({ directory }: ModelFolder, error: VoxpoolError): void {
    const kept = this.#kept.get(directory);
    if (kept) kept.error = error;
  }

  /** Somebody says that all is well: it begins anew. */
  forget({ directory }: ModelFolder): void {
    this.#kept.delete(directory);
  }

  /** Why the next request for it would be refused, while its breaker is open. */
  refusal({ directory, modelPath: model_path }: ModelFolder): VoxpoolError | undefined {
    const kept = this.#kept.get(directory);
    if (!kept || kept.faults.pauseLeft <= 0) return undefined;
    const { faults, error } = kept;
    const detail = error ? innermost(error) : "";
    const retry_after_seconds = Math.max(1, Math.ceil(faults.pauseLeft));
    return new VoxpoolError("model_unavailable", { model_path, failures: faults.strikes, detail, retry_after_seconds });
  }
}
