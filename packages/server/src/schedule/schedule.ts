/** Who decodes next. One scheduler a node gives out permits: hosts compete for the same cores. */

/** Highest first. */
export const priorities = ["live_final", "interactive", "live_partial", "batch"] as const;
export type Priority = (typeof priorities)[number];

export interface WorkRequest {
  readonly priority: Priority;
  /** Fairness is between clients inside a class. */
  readonly client: string;
  /** Where the work runs; a host gets at most one permit more than it can run. */
  readonly host: string;
  readonly audioSeconds: number;
  /** Its host decodes it together with others that are marked so: they share a permit. */
  readonly together?: boolean;
}

export interface Permit {
  /** How long the work waited, seconds. */
  readonly waitedSeconds: number;
  /** Gives the permit back; `decodeSeconds` (undefined if it failed) teaches the real-time factor. Safe to call twice. */
  release(decodeSeconds?: number): void;
}

export interface Scheduler {
  /**
   * Waits for a permit. An aborted signal takes the work out of the queue at once.
   * @throws the signal's reason
   */
  acquire(work: WorkRequest, signal?: AbortSignal): Promise<Permit>;
  /** Measured decode seconds per audio second of a host; undefined before its first decode. */
  realTimeFactor(host: string): number | undefined;
  /** Forgets a host that has ended. */
  forget(host: string): void;
  /** Counts for statistics. */
  snapshot(): { readonly running: number; readonly waiting: number; readonly waitingAudioSeconds: number };
}
