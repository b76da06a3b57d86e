import type { Reason } from "@voxpool/client/contract";
import { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { HoldClock } from "./holds.ts";
import { pauseSeconds } from "./policy/pause.ts";
import type { Quarantine } from "./types.ts";

/** Failures that lie in the files; others (no room, no network) say nothing about the model. */
const heldBack: ReadonlySet<Reason> = new Set<Reason>([
  "model_files_invalid",
  "model_unrecognised",
  "model_load_failed",
  "model_load_timeout",
  "host_hung", // in its warm-up
  "gate_failed",
]);

/** Failing longer ago than this starts the count anew, seconds. */
const forgetSeconds = 3600;

interface Kept {
  readonly error: VoxpoolError;
  readonly failures: number;
  readonly files: string;
  /** On the clock that never goes back. */
  readonly until: number;
}

/** Models that failed to load, each held back for a growing pause; other files in the folder lift it. */
export class Quarantines {
  readonly #kept = new Map<string, Kept>();
  readonly #clock: HoldClock;

  constructor(clock: HoldClock) {
    this.#clock = clock;
  }

  /** What was kept before a restart. However the wall clock has jumped, a pause is no longer than its own kind's. */
  restore(directory: string, { error, failures, files, until }: Quarantine): void {
    const left = Math.min(Math.max(0, until - this.#clock.unix()), pauseSeconds(failures));
    this.#kept.set(directory, { error, failures, files, until: this.#clock.seconds() + left });
  }

  /** Counts a failure; undefined if it says nothing about the model. */
  add({ directory }: ModelFolder, error: VoxpoolError, files: string): Quarantine | undefined {
    if (!heldBack.has(error.reason)) return undefined;
    const known = this.#kept.get(directory);
    const now = this.#clock.seconds();
    const goesOn = known !== undefined && known.files === files && now - known.until < forgetSeconds;
    const failures = goesOn ? known.failures + 1 : 1;
    this.#kept.set(directory, { error, failures, files, until: now + pauseSeconds(failures) });
    return this.#shown(directory);
  }

  /** It loaded. That is no proof for what failed its gate: it goes on being counted until `lift`. True if it was lifted. */
  loaded(folder: ModelFolder): boolean {
    return this.#kept.get(folder.directory)?.error.reason !== "gate_failed" && this.lift(folder);
  }

  /** It proved itself, or its files changed. True if it was held back or counted. */
  lift({ directory }: ModelFolder): boolean {
    return this.#kept.delete(directory);
  }

  /** Why it is held back now; undefined if it is not. */
  find({ directory }: ModelFolder): Quarantine | undefined {
    const kept = this.#kept.get(directory);
    return kept !== undefined && kept.until > this.#clock.seconds() ? this.#shown(directory) : undefined;
  }

  /** How a load of what is held back is refused. */
  refusal(folder: ModelFolder): VoxpoolError | undefined {
    const found = this.find(folder);
    if (!found) return undefined;
    return new VoxpoolError("model_quarantined", {
      model_path: folder.modelPath,
      failures: found.failures,
      retry_after_seconds: Math.max(1, Math.ceil(found.until - this.#clock.unix())),
      detail: innermost(found.error),
    });
  }

  #shown(directory: string): Quarantine | undefined {
    const kept = this.#kept.get(directory);
    if (!kept) return undefined;
    const { error, failures, files, until } = kept;
    return { error, failures, files, until: this.#clock.unix() + until - this.#clock.seconds() };
  }
}

/** What went wrong, without the sentence around it: that sentence has a place for it again. */
export function innermost({ details, message }: VoxpoolError): string {
  const { detail } = details;
  return typeof detail === "string" && detail !== "" ? detail : message;
}
