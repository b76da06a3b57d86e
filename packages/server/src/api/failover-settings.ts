import { parseDuration } from "../base/duration.ts";
import { VoxpoolError } from "../base/errors.ts";
import type { Config } from "../base/settings.ts";
import type { FailoverSettings } from "./failover.ts";

/** Failover as it was configured. @throws VoxpoolError `config_invalid`, `option_invalid` */
export function failoverSettings(config: Config): FailoverSettings {
  return {
    chains: chainsOf(config["failover.chains"]),
    automatic: config["failover.automatic"] as FailoverSettings["automatic"],
    waitSeconds: parseDuration(config["failover.wait"], "failover.wait"),
  };
}

/** By the model in front; each is written as `model/a > model/b > model/c`. */
function chainsOf(lines: readonly string[]): FailoverSettings["chains"] {
  const chains = new Map<string, readonly string[]>();
  for (const line of lines) {
    const [first = "", ...rest] = line.split(">").map((path) => path.trim());
    if (rest.length === 0 || [first, ...rest].includes("")) throw invalid(`${line}: write model/a > model/b`);
    if (chains.has(first)) throw invalid(`${first} begins two chains; write one`);
    chains.set(first, rest);
  }
  return chains;
}

const invalid = (detail: string) => new VoxpoolError("config_invalid", { source: "failover.chains", detail });
