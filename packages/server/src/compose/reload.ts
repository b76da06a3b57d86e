import type { FailoverSettings } from "../api/failover.ts";
import { failoverSettings } from "../api/failover-settings.ts";
import type { Config } from "../base/settings.ts";
import type { Origins } from "../gateway/origin/origins.ts";
import type { PoolOptions } from "../pool/pool.ts";
import { poolSettings } from "../pool/settings.ts";
import type { Pool } from "../pool/types.ts";
import { switchSettings } from "../rollout/settings.ts";
import type { SwitchParts } from "../rollout/switches.ts";
import { originsOf } from "./origins.ts";
import { type UseCaseSettings, useCaseSettings } from "./use-case-settings.ts";

/** What the parts of a running server look at each time they need it; it is changed in place. */
export interface InForce {
  readonly settings: {
    readonly pool: Pick<PoolOptions, "budget">;
    readonly failover: FailoverSettings;
    readonly switches: Pick<SwitchParts, "probation">;
    readonly pages: { readonly origins: Origins };
  };
  readonly useCases: UseCaseSettings;
  readonly pool: Pick<Pool, "setKeepAlive">;
}

/** Brings the parts of a running server to another configuration: all or nothing. @throws VoxpoolError `config_invalid`, `option_invalid` */
export function takeUp(next: Config, { settings, useCases, pool }: InForce): void {
  // Whatever may throw comes first.
  const { budget, keepAliveSeconds } = poolSettings(next);
  const failover = failoverSettings(next);
  const { probation } = switchSettings(next);
  const origins = originsOf(next);
  const { text, live, ...numbers } = useCaseSettings(next);
  Object.assign(settings.pool.budget, budget);
  Object.assign(settings.failover, failover);
  Object.assign(settings.switches.probation, probation);
  Object.assign(settings.pages.origins, origins);
  Object.assign(useCases, numbers, { configuredDefault: useCases.configuredDefault });
  Object.assign(useCases.live, live, { idleSeconds: useCases.live.idleSeconds });
  Object.assign(useCases.text, { script: text.script });
  pool.setKeepAlive(keepAliveSeconds);
}
