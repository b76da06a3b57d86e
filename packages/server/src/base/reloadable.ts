import { settingKeys } from "./setting-names.ts";
import type { Config, SettingKey } from "./settings.ts";

/** Settings that a running server takes up when it reads its configuration again; all others need a fresh start. */
export const reloadableKeys: ReadonlySet<SettingKey> = new Set<SettingKey>([
  "cors.origins",
  "http.hosts",
  "log.level",
  "stop.grace_seconds",
  "limits.json_bytes",
  "limits.body_bytes",
  "limits.audio_seconds",
  "limits.sessions",
  "limits.sessions_per_client",
  "limits.requests_per_minute_per_key",
  "limits.requests_per_minute_per_address",
  "limits.concurrent_requests_per_key",
  "limits.concurrent_requests_per_address",
  "limits.sessions_per_key",
  "limits.connections_per_address",
  "limits.url_bytes",
  "limits.queue_seconds",
  "limits.holds",
  "limits.upload_idle_seconds",
  "limits.upload_bytes_per_second",
  "limits.live_sessions",
  "limits.live_buffer_seconds",
  "limits.live_seconds",
  "pool.keep_alive",
  "pool.memory",
  "pool.instances",
  "failover.chains",
  "failover.automatic",
  "failover.wait",
  "switch.probation",
  "switch.probation_requests",
  "text.script",
]);

export interface ConfigChange {
  readonly reloadable: readonly SettingKey[];
  readonly needsRestart: readonly SettingKey[];
}

/** Which settings differ. */
export function changeOf(from: Config, to: Config): ConfigChange {
  const differing = settingKeys.filter((key) => JSON.stringify(from[key]) !== JSON.stringify(to[key]));
  return {
    reloadable: differing.filter((key) => reloadableKeys.has(key)),
    needsRestart: differing.filter((key) => !reloadableKeys.has(key)),
  };
}
