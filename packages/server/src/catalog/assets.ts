import { stat } from "node:fs/promises";
import { join } from "node:path";
import { VoxpoolError } from "../base/errors.ts";
import { type Log, silentLog } from "../base/log.ts";
import { raceAbort } from "../base/race-abort.ts";
import type { EngineAssets, ModelSpec } from "../engine/engine.ts";
import { type Download, type PullEvent, partDirectoryOf } from "./download.ts";
import { type EndpointSettings, endpointsFrom, namedAddresses } from "./endpoints.ts";
import { createHttp, type HttpOptions } from "./http.ts";
import { type AssetName, findAsset, type KnownAsset } from "./known-assets.ts";
import { bringParts, fetchParts } from "./parts.ts";
import { buildFolder } from "./staging.ts";
import { createTrust } from "./trust.ts";
import type { AssetStore } from "./types.ts";

export interface AssetStoreOptions extends EndpointSettings {
  readonly stateDir: string;
  /** `vosk.library`: a libvosk of the user's own; empty: fetched. */
  readonly voskLibrary?: string;
  readonly onProgress?: (event: PullEvent) => void;
  /** Ends downloads that are under way, for when the server stops. */
  readonly signal?: AbortSignal;
  readonly log?: Log;
  readonly http?: Omit<HttpOptions, "name" | "signal">;
  /** Where to find a native part; the table of known ones by default. */
  readonly find?: (name: AssetName) => KnownAsset;
}

/** The native parts in a state directory; what is missing is fetched once, however many ask for it at once. */
export function createAssetStore(options: AssetStoreOptions): AssetStore {
  const fetching = new Map<AssetName, Promise<string>>();
  const fetched = (name: AssetName): Promise<string> => {
    const running = fetching.get(name);
    if (running !== undefined) {
      return running;
    }
    const started = fetchAsset(name, options).finally(() => fetching.delete(name));
    fetching.set(name, started);
    return started;
  };
  return {
    ensure: async (spec, signal) => {
      signal?.throwIfAborted();
      return raceAbort(ensureParts(spec, options, fetched), signal);
    },
  };
}

/** Puts a native part into a state directory unless it is there. */
export async function pullAsset(
  name: AssetName,
  stateDir: string,
  download: Download & { readonly from?: readonly string[] | undefined },
  find: (name: AssetName) => KnownAsset = findAsset,
): Promise<{
  readonly name: string;
  readonly directory: string;
  readonly alreadyThere: boolean;
  readonly file: string;
}> {
  const asset = find(name);
  const near = join(stateDir, "assets");
  const directory = join(near, `${asset.name}-${asset.version}`);
  const file = join(directory, asset.file);
  const isThere = () => isFile(file);
  if (await isThere()) {
    return { name, directory, alreadyThere: true, file };
  }
  const outcome = await buildFolder({ target: directory, near, name, isThere }, async (staging) => {
    const { from } = download;
    await (from === undefined
      ? fetchParts([asset.sources], staging, download)
      : bringParts([asset.sources], from, staging, download));
  });
  if (outcome === "blocked") {
    const detail = "other files are in the way; remove that folder";
    throw new VoxpoolError("download_failed", { name, url: directory, detail });
  }
  return { name, directory, alreadyThere: false, file };
}

/**
 * Where a native part lies in a state directory once it was fetched.
 * @throws VoxpoolError `platform_unsupported`
 */
export function assetFile(name: AssetName, stateDir: string): string {
  const asset = findAsset(name);
  return join(stateDir, "assets", `${asset.name}-${asset.version}`, asset.file);
}

async function ensureParts(
  spec: ModelSpec,
  options: AssetStoreOptions,
  fetched: (name: AssetName) => Promise<string>,
): Promise<EngineAssets> {
  // Vosk follows the stream and finds the ends of speech by itself.
  const needsSilero = spec.segmenter === "silero" && spec.engine !== "vosk";
  const [sileroFile, voskLibraryFile] = await Promise.all([
    needsSilero ? fetched("silero-vad") : "",
    spec.engine === "vosk" ? (ownLibrary(options.voskLibrary) ?? fetched("libvosk")) : "",
  ]);
  return { sileroFile, voskLibraryFile };
}

function ownLibrary(path: string | undefined): Promise<string> | undefined {
  return path ? checkedLibrary(path) : undefined;
}

async function checkedLibrary(path: string): Promise<string> {
  if (!(await isFile(path))) {
    throw new VoxpoolError("config_invalid", { source: "vosk.library", detail: `there is no file at ${path}` });
  }
  return path;
}

async function fetchAsset(name: AssetName, options: AssetStoreOptions): Promise<string> {
  const { stateDir, signal, log = silentLog, onProgress = () => undefined } = options;
  const endpoints = endpointsFrom(options);
  const http = createHttp({ ...options.http, name, named: namedAddresses(endpoints), signal });
  const download: Download = {
    name,
    http,
    endpoints,
    partDirectory: partDirectoryOf(stateDir),
    onProgress,
    signal,
    log,
    trust: createTrust(stateDir),
  };
  try {
    const { file } = await pullAsset(name, stateDir, download, options.find);
    return file;
  } finally {
    await http.close();
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
