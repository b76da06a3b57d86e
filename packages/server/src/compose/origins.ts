import type { Config } from "../base/settings.ts";
import { createOrigins, type Origins } from "../gateway/origin/origins.ts";

/** Which pages of browsers may come in. @throws VoxpoolError `config_invalid` */
export function originsOf(config: Pick<Config, "cors.origins" | "http.hosts">): Origins {
  return createOrigins({ origins: config["cors.origins"], hosts: config["http.hosts"] });
}
