import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { createApi } from "../api/api.ts";
import { type Drainable, drainable } from "../api/draining.ts";
import { failoverSettings } from "../api/failover-settings.ts";
import { createFileChanges } from "../api/file-changes.ts";
import type { Maintenance } from "../api/maintenance.ts";
import { preloadModels } from "../api/preload.ts";
import { rememberFolders } from "../api/recent-folders.ts";
import type { Api } from "../api/types.ts";
import { createAudioDecoder } from "../audio/decoder.ts";
import type { Log, LogLine } from "../base/log.ts";
import type { Config } from "../base/settings.ts";
import { createSpool } from "../base/spool.ts";
import { version } from "../base/version.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { PullEvent } from "../catalog/pull.ts";
import type { Limits } from "../gateway/limits/limits.ts";
import type { ServedCertificate } from "../gateway/served-certificate.ts";
import { Names } from "../pool/names.ts";
import { poolSettings } from "../pool/settings.ts";
import type { Pool } from "../pool/types.ts";
import { createScriptConverter } from "../recognition/script.ts";
import { switchSettings } from "../rollout/settings.ts";
import { type ComposedAccess, composeAccess } from "./access.ts";
import { composeCatalog } from "./catalog.ts";
import { openDurable } from "./durable.ts";
import { composeHttp } from "./http.ts";
import { composeMaintenance } from "./maintenance.ts";
import { composeObservation } from "./observe.ts";
import { originsOf } from "./origins.ts";
import { composeAdmission, composePool } from "./pool.ts";
import type { Starting } from "./readiness.ts";
import { composeSwitches } from "./switches.ts";
import { composeTracing } from "./tracing.ts";
import { useCaseSettings } from "./use-case-settings.ts";

const recordingFile = fileURLToPath(new URL("../../assets/jfk.wav", import.meta.url));

export interface ComposeOptions {
  readonly config: Config;
  readonly log: Log;
  /** Where administrative acts are written; the log if it is left out. */
  readonly audit?: LogLine | undefined;
  /** Told about downloads of the server's own: the default model, native parts. */
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
  /** Undefined: nothing outlives the process. */
  readonly storeFile?: string;
  readonly stateDir: string;
  /** Of this process alone. */
  readonly spoolDirectory: string;
  readonly signal: AbortSignal;
  /** The configuration as it is written now; `config` for ever if it is left out. @throws VoxpoolError `config_invalid` */
  readonly reread?: (() => Config) | undefined;
  /** Told of the configuration that is in force after a reload. */
  readonly onReload?: ((config: Config) => void) | undefined;
  /** Of the ports; without one they speak no TLS. */
  readonly certificate?: ServedCertificate | undefined;
}

export interface Parts {
  readonly catalog: Catalog;
  readonly pool: Pool;
  readonly names: Names;
  readonly api: Api;
  readonly http: FastifyInstance;
  /** What one visitor may do, on all ports together. */
  readonly limits: Limits;
  readonly door: ComposedAccess;
  readonly configuredDefault: string;
  readonly recordingFile: string;
  readonly pull: (name: string) => Promise<void>;
  /** Loads what is to be there from the start: what is configured, and what is pinned. Never rejects. */
  readonly preload: () => Promise<void>;
  /** Refuses new work, and waits for what runs. */
  readonly work: Omit<Drainable, "api">;
  readonly maintenance: Maintenance;
  /** Once these are over `/readyz` says yes: also when the default model failed, since all others can be used. */
  readonly followStart: (start: Starting) => void;
  readonly close: () => Promise<void>;
}

/** Puts the parts together: a server without its port and its lock. @throws VoxpoolError `config_invalid`, `state_newer` */
export async function compose(options: ComposeOptions): Promise<Parts> {
  const { log, stateDir, spoolDirectory, storeFile, certificate } = options;
  const config: Config = { ...options.config }; // a reload changes it in place
  const { cores, ...settings } = settingsOf(config); // before anything is open that would have to be closed again
  const { catalog, assets, known, fetch } = composeCatalog(config, options);
  const tracing = await composeTracing(config, log);
  const durable = await openDurable(storeFile, log);
  const door = composeAccess({ ...options, ...settings.pages, durable, modelDirs: catalog.modelDirs });
  const { pool, scheduler } = composePool({ config, cores, log, settings, catalog, assets, durable, recordingFile });
  const names = new Names({ catalog: rememberFolders(catalog, pool), loaded: () => pool.states(), ...durable.names });
  const models = { catalog, pool, names };
  const ready = () => !work.isStopping() && starting.ready();
  const { watch, news } = composeObservation({ pool, scheduler, names, durable, ready });
  const spool = createSpool({ directory: spoolDirectory, limitBytes: config["limits.spool_bytes"], log });
  const audio = createAudioDecoder({ workers: config["audio.workers"] || cores, spool, log });
  const serving = composeSwitches({ ...models, log, settings, scheduler, audio, news, durable });
  const scripts = createScriptConverter({ log });
  const useCases = {
    ...useCaseSettings(config),
    kept: () => durable.kept(),
    audit: door.audit,
    ...models,
    ...serving,
    recordingFile,
    audio,
    scripts,
    failover: settings.failover,
    log,
    ...watch.told,
    changes: createFileChanges(catalog, log),
    ...known,
    pull: fetch,
    admission: composeAdmission(config, scheduler, cores),
    version,
  };
  const { api, ...work } = drainable(createApi(useCases));
  const kept = { durable, stateDir, spoolDirectory, spool, recordingFile, door, certificate };
  const maintenance = composeMaintenance({ ...options, ...useCases, config, settings, useCases, durable });
  const { starting, ...served } = composeHttp({ ...models, ...kept, api, config, log, watch, tracing, maintenance });
  return {
    ...models,
    api,
    work,
    maintenance,
    ...served,
    door,
    configuredDefault: config.default_model,
    recordingFile,
    pull: async (name) => void (await fetch(name, () => undefined)),
    preload: () => preloadModels({ names, pool, log }, [...config["pool.preload"], ...durable.initial.pins]),
    followStart: starting.follow,
    async close() {
      for (const part of [starting, watch, serving.switches]) part.close();
      await closeAll([served.http, pool, audio, scripts]);
      await door.close();
      await durable.close();
      await tracing?.close();
    },
  };
}

/** All at once: what hosts decode and what still arrives fails at once, so that nothing keeps the others waiting. */
async function closeAll(parts: readonly { close(): PromiseLike<unknown> }[]): Promise<void> {
  await Promise.all(parts.map((part) => part.close()));
}

/** @throws VoxpoolError `config_invalid`, `option_invalid` */
function settingsOf(config: Config) {
  return {
    cores: config["schedule.cores"] || availableParallelism(),
    pool: poolSettings(config),
    switches: switchSettings(config),
    failover: failoverSettings(config),
    pages: { origins: originsOf(config) },
  };
}
