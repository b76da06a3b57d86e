import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { createApi } from "./api/api.ts";
import { type DefaultModelReady, prepareDefaultModel } from "./api/default-model.ts";
import { createFileChanges } from "./api/file-changes.ts";
import type { TextSettings } from "./api/text-steps.ts";
import type { Api } from "./api/types.ts";
import { createAudioDecoder } from "./audio/decoder.ts";
import { VoxpoolError } from "./base/errors.ts";
import type { Log } from "./base/log.ts";
import { versionAt } from "./base/neighbour.ts";
import { stateDirectory } from "./base/paths.ts";
import type { Config } from "./base/settings.ts";
import { createSpool } from "./base/spool.ts";
import { lockStateDirectory } from "./base/state-lock.ts";
import { systemText } from "./base/system-text.ts";
import { version } from "./base/version.ts";
import { removeAbandoned } from "./base/work-directory.ts";
import { createAssetStore } from "./catalog/assets.ts";
import { type Catalog, createCatalog } from "./catalog/catalog.ts";
import { endpointSettings } from "./catalog/endpoints.ts";
import { assetNames } from "./catalog/known-assets.ts";
import { knownModels } from "./catalog/known-models.ts";
import { type PullEvent, type PullOptions, pull } from "./catalog/pull.ts";
import { createHttpServer } from "./gateway/http/server.ts";
import { startHost } from "./host/parent/host.ts";
import { createPool } from "./pool/pool.ts";
import type { Pool } from "./pool/types.ts";
import { createRecognition } from "./recognition/recognition.ts";
import { createScriptConverter } from "./recognition/script.ts";
import { NodeScheduler } from "./schedule/scheduler.ts";

export type { DefaultModelReady } from "./api/default-model.ts";
export type { PullEvent } from "./catalog/pull.ts";

export interface StartOptions {
  readonly config: Config;
  readonly log: Log;
  /** Told about downloads of the server's own: the default model, native parts. */
  readonly onProgress?: (event: PullEvent) => void;
}

export interface RunningServer {
  /** Where this machine reaches it, without a path: `http://127.0.0.1:5000`. */
  readonly url: string;
  readonly stateDir: string;
  /** The default model is fetched, loaded and warm. Rejects with a VoxpoolError if not; the server runs on. */
  readonly defaultModel: Promise<DefaultModelReady>;
  /** Ends what runs and leaves no process behind. Safe to call twice. */
  stop(): Promise<void>;
}

const recordingFile = fileURLToPath(new URL("../assets/jfk.wav", import.meta.url));

/**
 * The whole server: takes the state directory, listens, and prepares the default model.
 * @throws VoxpoolError `state_locked`, `port_taken`, `config_invalid`
 */
export async function startServer({ config, log, onProgress }: StartOptions): Promise<RunningServer> {
  const stateDir = await stateDirectory(config);
  const lock = await lockStateDirectory(stateDir, { pid: process.pid });
  const stopping = new AbortController();
  // Of applications with a pool of their own that were killed: recordings do not lie about.
  await removeAbandoned(join(stateDir, "local"));
  const spoolDirectory = join(stateDir, "spool");
  const parts = composeOr(() => lock.release(), {
    config,
    log,
    stateDir,
    spoolDirectory,
    onProgress,
    signal: stopping.signal,
  });
  const close = async () => {
    stopping.abort(new VoxpoolError("server_stopping"));
    try {
      await parts.close();
    } finally {
      lock.release();
    }
  };
  try {
    const url = await listen(parts.http, config);
    lock.setUrl(url);
    const defaultModel = prepareDefaultModel({ ...parts, signal: stopping.signal });
    defaultModel.then(parts.nowReady, parts.nowReady);
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= close();
      return stopped;
    };
    return { url, stateDir, defaultModel, stop };
  } catch (error) {
    await close();
    throw error;
  }
}

function composeOr(giveUp: () => void, options: ComposeOptions): Parts {
  try {
    return compose(options);
  } catch (error) {
    giveUp();
    throw error;
  }
}

export interface ComposeOptions extends StartOptions {
  readonly stateDir: string;
  /** Of this process alone. */
  readonly spoolDirectory: string;
  readonly signal: AbortSignal;
}

export interface Parts {
  readonly catalog: Catalog;
  readonly pool: Pool;
  readonly api: Api;
  readonly http: FastifyInstance;
  readonly configuredDefault: string;
  readonly recordingFile: string;
  readonly pull: (name: string) => Promise<void>;
  /** From now on `/readyz` says yes: also when the default model failed, since all others can be used. */
  readonly nowReady: () => void;
  readonly close: () => Promise<void>;
}

/** Puts the parts together: a server without its port and its lock. */
export function compose({ config, log, stateDir, spoolDirectory, onProgress, signal }: ComposeOptions): Parts {
  const cores = config["schedule.cores"] || availableParallelism();
  const sources = { stateDir, ...endpointSettings(config), signal, log, ...(onProgress && { onProgress }) };
  const fetch = fetcher({ ...sources, modelDir: config.model_dir[0] ?? "model" });
  const catalog = createCatalog({ modelDirs: config.model_dir, fakeEngine: config["engine.fake"] });
  const assets = createAssetStore({ ...sources, voskLibrary: config["vosk.library"] });
  const pool = createPool({
    describe: (folder) => catalog.describe(folder),
    fingerprint: (folder) => catalog.fingerprint(folder),
    ensureAssets: (spec, abort) => assets.ensure(spec, abort),
    startHost,
    threads: cores,
    loadIdleSeconds: config["host.load_idle_seconds"],
    hangSeconds: config["host.hang_seconds"],
    log,
  });
  const scheduler = new NodeScheduler({ cores });
  pool.subscribe(({ instance }) => {
    if (instance.state === "stopped" || instance.state === "failed") scheduler.forget(instance.id);
  });
  const spool = createSpool({ directory: spoolDirectory, limitBytes: config["limits.spool_bytes"], log });
  const audio = createAudioDecoder({ workers: config["audio.workers"] || cores, spool, log });
  const scripts = createScriptConverter({ log });
  const configuredDefault = config.default_model;
  const api = createApi({
    catalog,
    pool,
    audio,
    recognition: createRecognition({ pool, scheduler }),
    scripts,
    text: textSettings(config),
    configuredDefault,
    changes: createFileChanges(catalog, log),
    known: knownModels,
    partNames: assetNames,
    pull: fetch,
    mostSessions: config["limits.sessions"],
    maxSeconds: config["limits.audio_seconds"],
    version,
  });
  let ready = false;
  const http = createHttpServer({ api, config, version, log, spoolDirectory, spool, ready: () => ready });
  return {
    catalog,
    pool,
    api,
    http,
    configuredDefault,
    recordingFile,
    pull: async (name) => void (await fetch(name, () => undefined)),
    nowReady: () => {
      ready = true;
    },
    async close() {
      // All at once: what hosts decode and what still arrives fails at once, so that nothing keeps the others waiting.
      await Promise.all([http.close(), pool.close(), audio.close(), scripts.close()]);
    },
  };
}

function textSettings(config: Config): TextSettings {
  const script = config["text.script"];
  return {
    punctuation: config["text.punctuation"],
    itn: config["text.itn"] === "on",
    ...((script === "hans" || script === "hant") && { script }),
  };
}

/** Pulls by name; whoever started the server hears of them as well as whoever asked. */
function fetcher(options: PullOptions) {
  return (name: string, tell: (event: PullEvent) => void): ReturnType<typeof pull> => {
    const progress = (event: PullEvent): void => {
      tell(event);
      options.onProgress?.(event);
    };
    return pull(name, { ...options, onProgress: progress });
  };
}

async function listen(http: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    await http.listen({ host, port });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EADDRINUSE"
      ? await portTaken(host, port)
      : cannotListen(host, port, error);
  }
  const address = http.addresses()[0] as AddressInfo | undefined; // of a TCP socket: never a path
  return urlOf(host, address?.port ?? port);
}

/** Where this machine reaches who listens there. */
function urlOf(host: string, port: number): string {
  const isAnyAddress = host === "0.0.0.0" || host === "::" || host === "";
  const name = isAnyAddress ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

async function portTaken(host: string, port: number): Promise<VoxpoolError> {
  const suggestion = port < 65_535 ? port + 1 : port - 1;
  const url = urlOf(host, port);
  const found = await versionAt(url);
  const what =
    found === undefined
      ? strangerOn(port)
      : `voxpool ${found}, which can be used as it is (${url}/api); a second server needs --state-dir DIR too`;
  return new VoxpoolError("port_taken", { host, port, what, suggestion });
}

function strangerOn(port: number): string {
  const isAirPlay = process.platform === "darwin" && (port === 5000 || port === 7000);
  return isAirPlay
    ? "another program (on macOS often AirPlay Receiver: System Settings, General, AirDrop & Handoff)"
    : "another program";
}

function cannotListen(host: string, port: number, error: unknown): VoxpoolError {
  const detail = `cannot listen on ${host} port ${port}: ${systemText(error)}`;
  return new VoxpoolError("config_invalid", { source: "host, port", detail }, { cause: error });
}
