import type { Config } from "../base/settings.ts";
import type { StatisticsSource } from "../gateway/oip/models.ts";
import { oipProtocol } from "../gateway/oip/protocol.ts";
import { openAiProtocol } from "../gateway/openai/protocol.ts";
import type { HttpProtocol } from "../gateway/protocol.ts";

/** The protocols that are spoken on the port of the native API, as they are configured. */
export function composeProtocols(config: Config, { stats, modelStats }: StatisticsSource): readonly HttpProtocol[] {
  const oip = oipProtocol({ stats, modelStats, jsonBytes: config["oip.json_bytes"] });
  const openAi = openAiProtocol({ messageBytes: config["openai.message_bytes"] });
  return [...(config["oip.enabled"] ? [oip] : []), ...(config["openai.enabled"] ? [openAi] : [])];
}
