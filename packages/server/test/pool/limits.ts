import type { InstanceSnapshot } from "../../dist/pool/types.js";

export const tickSeconds = 5;
export const keepAliveSeconds = 60;
export const holdIdleSeconds = 300;
export const budget = { memoryBytes: 450, instances: 3 };
export const loadedBytes = 100;
/** A process that was warm with `loadedBytes` is replaced at twice that, and ended at four times. */
export const boundFactor = 2;
export const runawayBytes = 4 * loadedBytes;
/** The longest pause before a restart. */
export const longestPause = 8;

/** Whether an instance is one: what failed to load is only remembered. */
export const isThere = ({ state, retryAt }: InstanceSnapshot): boolean =>
  state !== "stopped" && (state !== "failed" || retryAt !== undefined);
