import type { Log } from "../base/log.ts";
import type { Config } from "../base/settings.ts";
import type { AssetStore, Catalog } from "../catalog/catalog.ts";
import { startHost } from "../host/parent/host.ts";
import { createPool } from "../pool/pool.ts";
import type { poolSettings } from "../pool/settings.ts";
import type { Pool } from "../pool/types.ts";
import { createWarmUp, readWarmUpSamples } from "../recognition/warm-up.ts";
import { type Admission, createAdmission, usualShareOf } from "../schedule/admission.ts";
import { NodeScheduler } from "../schedule/scheduler.ts";
import type { Durable } from "./durable.ts";
import { logPool } from "./log-pool.ts";

export interface ComposePool {
  readonly config: Config;
  readonly settings: { readonly pool: ReturnType<typeof poolSettings> };
  readonly cores: number;
  readonly catalog: Catalog;
  readonly assets: AssetStore;
  readonly durable: Durable;
  /** A WAV file with speech. */
  readonly recordingFile: string;
  readonly log: Log;
}

/** The pool, and who decides what it decodes when. */
export function composePool({ config, settings, cores, catalog, assets, durable, recordingFile, log }: ComposePool): {
  readonly pool: Pool;
  readonly scheduler: NodeScheduler;
} {
  const scheduler = new NodeScheduler({ cores });
  const pool = createPool({
    ...settings.pool,
    ...durable.pool,
    estimateBytes: durable.estimateBytes(settings.pool.estimateBytes),
    describe: (folder) => catalog.describe(folder),
    fingerprint: (folder) => catalog.fingerprint(folder),
    ensureAssets: (spec, abort) => assets.ensure(spec, abort),
    startHost,
    warmUp: createWarmUp(readWarmUpSamples(recordingFile), scheduler),
    threads: cores,
    loadIdleSeconds: config["host.load_idle_seconds"],
    hangSeconds: config["host.hang_seconds"],
    log,
  });
  logPool(pool, log);
  pool.subscribe((event) => {
    if (event.type !== "state") return;
    const { state, id } = event.instance;
    if (state === "stopped" || state === "failed" || state === "restarting") scheduler.forget(id);
  });
  return { pool, scheduler };
}

/** Who may begin. */
export function composeAdmission(config: Config, scheduler: NodeScheduler, cores: number): Admission {
  return createAdmission({
    scheduler,
    cores,
    // Each time as it is in force then.
    get maxWaitSeconds() {
      return config["limits.queue_seconds"];
    },
    get maxSessions() {
      return config["limits.sessions"];
    },
    get maxSessionsPerClient() {
      return config["limits.sessions_per_client"] || usualShareOf(config["limits.sessions"]);
    },
  });
}
