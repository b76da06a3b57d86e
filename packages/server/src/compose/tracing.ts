import type { Log } from "../base/log.ts";
import type { Config } from "../base/settings.ts";
import { version } from "../base/version.ts";
import type { Tracing } from "../observe/tracing.ts";

/** Undefined: nothing is traced, and nothing of it is loaded. @throws VoxpoolError `config_invalid` */
export async function composeTracing(config: Config, log: Log): Promise<Tracing | undefined> {
  const endpoint = config["tracing.otlp_endpoint"];
  if (endpoint === "") return undefined;
  const { openTracing } = await import("../observe/tracing.ts");
  return openTracing({ endpoint, samplePercent: config["tracing.sample_percent"], version, log });
}
