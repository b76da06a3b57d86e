import { joinedSignals, silentSignal } from "../../test/fixtures/tone-model.ts";
import type { Recording } from "./recordings.ts";

/** What people who dictate do not notice. */
export const bearableMs = 500;

/** Speech is at most this share of what is sent: people pause. */
export const speechShare = 0.6;

/** Recordings with pauses between them. */
export function paused(recordings: readonly Recording[]): Float32Array {
  const parts = recordings.flatMap(({ samples }) => [
    samples,
    silentSignal((samples.length / 16_000) * (1 / speechShare - 1)),
  ]);
  return joinedSignals(...parts);
}

/** The same from another place on, for those who speak at once: not all of them are to pause at once. */
export function rotated(samples: Float32Array, share: number): Float32Array {
  const at = Math.floor(samples.length * share);
  return joinedSignals(samples.subarray(at), samples.subarray(0, at));
}
