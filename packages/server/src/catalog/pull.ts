import { stat } from "node:fs/promises";
import { join } from "node:path";
import { VoxpoolError } from "../base/errors.ts";
import { type Log, silentLog } from "../base/log.ts";
import { pullAsset } from "./assets.ts";
import { handFiles, readBrought, sourceOfBrought } from "./by-hand.ts";
import type { FreeSpace } from "./disk.ts";
import { type Download, downloadPart, type PullEvent, partDirectoryOf } from "./download.ts";
import { type EndpointSettings, endpointsFrom } from "./endpoints.ts";
import { extract } from "./extract/extract.ts";
import { finishFound, finishKnown } from "./finish.ts";
import { createHttp, type HttpOptions, withoutSecrets } from "./http.ts";
import { listRepository } from "./hub-repository.ts";
import { assetNames } from "./known-assets.ts";
import { type Known, knownModels } from "./known-models.ts";
import { readFolder, versionsIn } from "./model-folder.ts";
import { printable } from "./model-path.ts";
import { checkName, isUrl, readTarget } from "./pull-target.ts";
import type { Source } from "./sources.ts";
import { buildFolder } from "./staging.ts";
import { createTrust, identityOf } from "./trust.ts";

export type { PullEvent } from "./download.ts";

export interface PullOptions extends EndpointSettings {
  /** Where models land: the first model directory. */
  readonly modelDir: string;
  /** Where native parts, unfinished downloads and hashes of the first time are kept. */
  readonly stateDir: string;
  /** The name under which it lands, for what has none of its own. */
  readonly as?: string | undefined;
  /** Archives that were brought by hand: nothing is fetched. */
  readonly from?: readonly string[] | undefined;
  readonly onProgress?: (event: PullEvent) => void;
  readonly signal?: AbortSignal;
  readonly log?: Log;
  /** What can be pulled by name, besides the native parts. */
  readonly models?: readonly Known[];
  readonly http?: Omit<HttpOptions, "name" | "signal">;
  readonly freeSpace?: FreeSpace;
}

export interface PullResult {
  readonly name: string;
  /** Absolute or relative as `modelDir` and `stateDir` are. */
  readonly directory: string;
  /** Whether it was there before, so that nothing was fetched. */
  readonly alreadyThere: boolean;
}

/** Names that `pull` takes, the default model first. */
export function pullNames(models: readonly Known[] = knownModels): readonly string[] {
  return [...models.map((model) => model.name), ...assetNames];
}

/**
 * Fetches a known model, or one at an address, into the model directory, or a native part into the state directory,
 * unless it is there. It appears whole or not at all; an interrupted download is resumed by the next call, by
 * whichever process.
 * @param what a name of the catalogue, an address, or empty with `from` and `as`
 * @throws VoxpoolError `download_unknown`, `pull_target_invalid`, `download_failed`, `download_sources_failed`,
 * `download_by_hand`, `download_corrupt`, `download_changed`, `disk_full`, `disk_space_short`,
 * `platform_unsupported`, `model_files_invalid` if other files are in the way or it is no model; the signal's reason
 */
export async function pull(what: string, options: PullOptions): Promise<PullResult> {
  const model = (options.models ?? knownModels).find((one) => one.name === what);
  const asset = assetNames.find((one) => one === what);
  const name = model?.name ?? asset ?? (options.as === undefined ? what : checkName(options.as));
  const shown = printable(isUrl(name) ? withoutSecrets(name) : name);
  const http = createHttp({ ...options.http, name: shown, signal: options.signal });
  try {
    const download: Download = {
      name: shown,
      http,
      endpoints: endpointsFrom(options),
      partDirectory: partDirectoryOf(options.stateDir),
      onProgress: options.onProgress ?? (() => undefined),
      signal: options.signal,
      log: options.log ?? silentLog,
      trust: createTrust(options.stateDir),
      freeSpace: options.freeSpace,
    };
    if (asset !== undefined) return await pullAsset(asset, options.stateDir, download);
    return await land(await recipeFor(what, model, options, download), options.modelDir);
  } finally {
    await http.close();
  }
}

/** What lands under a name, and how it is made. */
interface Recipe {
  readonly name: string;
  readonly build: (staging: string) => Promise<void>;
}

async function recipeFor(
  what: string,
  model: Known | undefined,
  { as, from, models }: PullOptions,
  download: Download,
): Promise<Recipe> {
  if (model !== undefined) {
    const name = as === undefined ? model.name : checkName(as);
    const own = { ...model, name };
    const build = (staging: string) =>
      from === undefined ? fetchKnown(own, staging, download) : bringKnown(own, from, staging, download);
    return { name, build };
  }
  if (from !== undefined && as !== undefined && what === "") {
    return { name: download.name, build: (staging) => bringFound(from, staging, download) };
  }
  if (isUrl(what) && from === undefined) {
    return recipeForUrl(what, as, download);
  }
  if (what === "" && from !== undefined) {
    throw new VoxpoolError("pull_target_invalid", {
      what: "--from",
      detail: "say what it is with a name or --as NAME",
    });
  }
  throw new VoxpoolError("download_unknown", { name: printable(what), names: pullNames(models).join(", ") });
}

async function recipeForUrl(url: string, as: string | undefined, download: Download): Promise<Recipe> {
  const target = readTarget(url, download.endpoints);
  const name = as === undefined ? target.name : checkName(as);
  const build = async (staging: string): Promise<void> => {
    const source: Source =
      target.kind === "archive"
        ? { kind: "archive", at: { url: target.url }, take: [{ all: true }] }
        : {
            kind: "files",
            files: await listRepository(target.repository, download.endpoints, download.http),
          };
    const line = await downloadPart([source], staging, { ...download, name });
    await finishFound(staging, name, [line.replace(target.kind === "archive" ? target.url : "", withoutSecrets(url))]);
  };
  return { name, build };
}

async function land({ name, build }: Recipe, modelDir: string): Promise<PullResult> {
  const directory = join(modelDir, ...name.split("/"));
  const isThere = () => holdsModel(directory);
  if (await isThere()) {
    return { name, directory, alreadyThere: true };
  }
  if (await isTaken(directory)) {
    throw blocked(name, directory);
  }
  const outcome = await buildFolder({ target: directory, near: modelDir, name, isThere }, build);
  if (outcome === "blocked") {
    throw blocked(name, directory);
  }
  return { name, directory, alreadyThere: false };
}

async function fetchKnown(model: Known, staging: string, download: Download): Promise<void> {
  const sources: string[] = [];
  for (const part of model.parts) {
    sources.push(await explained(downloadPart(part, staging, download), model, download));
  }
  await finishKnown(staging, model, sources);
}

/** Unpacks archives that were brought, as if they had been fetched. */
async function bringKnown(model: Known, paths: readonly string[], staging: string, download: Download): Promise<void> {
  const { name, signal, trust } = download;
  const files = await Promise.all(paths.map((path) => readBrought(path, signal)));
  const lines: string[] = [];
  for (const part of model.parts) {
    const { source, file } = await sourceOfBrought(part, files, name, trust);
    await extractBrought(file.path, source.take, staging, download);
    if (source.kind === "archive" && source.sha256 === undefined) {
      await trust.remember({ identity: identityOf(source.at), name, shown: file.path, sha256: file.sha256 });
    }
    lines.push(`${file.fileName} sha256:${file.sha256}`);
  }
  await finishKnown(staging, model, lines);
}

async function bringFound(paths: readonly string[], staging: string, download: Download): Promise<void> {
  const lines: string[] = [];
  for (const path of paths) {
    const file = await readBrought(path, download.signal);
    await extractBrought(path, [{ all: true }], staging, download);
    lines.push(`${file.fileName} sha256:${file.sha256}`);
  }
  await finishFound(staging, download.name, lines);
}

async function extractBrought(
  archive: string,
  take: Parameters<typeof extract>[0]["take"],
  directory: string,
  { name, signal, onProgress }: Download,
): Promise<void> {
  onProgress({ name, file: archive, receivedBytes: 0, phase: "unpack" });
  try {
    await extract({ archive, take, directory, name, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof VoxpoolError) throw error;
    const detail = `the archive cannot be read (${error instanceof Error ? error.message : ""})`;
    throw new VoxpoolError("model_files_invalid", { model_path: archive, detail }, { cause: error });
  }
}

/** A download that failed says how the files can be brought by hand, where that is possible. */
async function explained<T>(work: Promise<T>, { name, parts }: Known, { endpoints }: Download): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const hand = handFiles(parts, endpoints);
    if (!(error instanceof VoxpoolError) || hand === undefined || !handReasons.has(error.reason)) {
      throw error;
    }
    const { tried, url, detail } = error.details;
    throw new VoxpoolError(
      "download_by_hand",
      {
        name,
        tried: tried ?? `${url}: ${detail}`,
        files: hand
          .map(({ file, addresses }) => `${file} (${addresses.slice(0, mostAddresses).join(" , ")})`)
          .join("; "),
        from: hand.map(({ file }) => `--from ${file}`).join(" "),
      },
      { cause: error },
    );
  }
}

const handReasons: ReadonlySet<string> = new Set(["download_failed", "download_sources_failed"]);
const mostAddresses = 3;

/** A model that somebody put there by hand counts as well. */
async function holdsModel(directory: string): Promise<boolean> {
  return (await versionsIn(directory, () => true)).length > 0;
}

async function isTaken(directory: string): Promise<boolean> {
  try {
    return !(await stat(directory)).isDirectory() || (await readFolder(directory)).length > 0;
  } catch {
    return false;
  }
}

function blocked(name: string, directory: string): VoxpoolError {
  const detail = "other files are in the way; move them elsewhere, then pull again";
  return new VoxpoolError("model_files_invalid", { model_path: name, detail, directory });
}
