import { memoryBytes } from "../base/bytes.ts";
import { parseDuration } from "../base/duration.ts";
import type { Config } from "../base/settings.ts";
import type { PoolOptions } from "./pool.ts";

type FromConfig = Pick<PoolOptions, "keepAliveSeconds" | "holdIdleSeconds" | "budget" | "boundBytes" | "estimateBytes">;

/** The pool's numbers as they were configured. @throws VoxpoolError `config_invalid`, `option_invalid` */
export function poolSettings(config: Config): FromConfig {
  const memory = memoryBytes(config["pool.memory"], "pool.memory");
  const instances = config["pool.instances"];
  return {
    keepAliveSeconds: parseDuration(config["pool.keep_alive"], "pool.keep_alive"),
    holdIdleSeconds: parseDuration(config["pool.hold_idle"], "pool.hold_idle"),
    budget: { memoryBytes: memory || Number.POSITIVE_INFINITY, instances: instances || Number.POSITIVE_INFINITY },
    boundBytes: hostBound(config["host.memory"]),
    estimateBytes: (_folder, { sizeBytes }) => processBytes + sizeBytes * grownByLoading,
  };
}

/** A host without a model, bytes. */
const processBytes = 90_000_000;

/** Weights in memory and what decoding needs, for each byte of the files: measured 1.5 to 2.3. */
const grownByLoading = 2;

const gigabyte = 1_000_000_000;

/** What a warm process may grow by before it is replaced, whatever was configured. */
const leastGrowth = 1.25;

function hostBound(text: string): (warmBytes: number) => number {
  if (text === "auto") return (warmBytes) => 2 * warmBytes + gigabyte;
  const bytes = memoryBytes(text, "host.memory") || Number.POSITIVE_INFINITY;
  // A bound that a fresh process is over already would have it replaced for ever.
  return (warmBytes) => Math.max(bytes, warmBytes * leastGrowth);
}
