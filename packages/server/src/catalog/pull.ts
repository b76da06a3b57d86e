import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { VoxpoolError } from "../base/errors.ts";
import { type Log, silentLog } from "../base/log.ts";
import { pullAsset } from "./assets.ts";
import { readBrought } from "./brought-file.ts";
import type { FreeSpace } from "./disk.ts";
import { type Download, downloadPart, type PullEvent, partDirectoryOf } from "./download.ts";
import { type EndpointSettings, endpointsFrom, namedAddresses } from "./endpoints.ts";
import { finishFound, finishKnown } from "./finish.ts";
import { createHttp, type HttpOptions, withoutSecrets } from "./http.ts";
import { listRepository } from "./hub-repository.ts";
import { assetNames } from "./known-assets.ts";
import { type Known, knownModels } from "./known-models.ts";
import { isEmptyFolder, versionsIn } from "./model-folder.ts";
import { printable } from "./model-path.ts";
import { bringParts, explained, extractBrought, fetchParts } from "./parts.ts";
import { checkName, isUrl, readTarget, refuseScheme } from "./pull-target.ts";
import { buildFolder } from "./staging.ts";
import { createTrust, withholding } from "./trust.ts";
import { unknownName } from "./unknown-name.ts";

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
 * `download_by_hand`, `download_page_by_hand`, `download_corrupt`, `download_changed`, `disk_full`, `disk_space_short`,
 * `platform_unsupported`, `model_files_invalid` if other files are in the way or it is no model; the signal's reason
 */
export async function pull(what: string, options: PullOptions): Promise<PullResult> {
  const model = (options.models ?? knownModels).find((one) => one.name === what);
  const asset = assetNames.find((one) => one === what);
  const name = model?.name ?? asset ?? (options.as === undefined ? what : checkName(options.as));
  const shown = printable(isUrl(name) ? withoutSecrets(name) : name);
  const endpoints = endpointsFrom(options);
  const named = [...namedAddresses(endpoints), ...(isUrl(what) ? [what] : [])];
  const http = createHttp({ ...options.http, name: shown, named, signal: options.signal });
  try {
    const download: Download = {
      name: shown,
      http,
      endpoints,
      partDirectory: partDirectoryOf(options.stateDir),
      onProgress: options.onProgress ?? (() => undefined),
      signal: options.signal,
      log: options.log ?? silentLog,
      trust: createTrust(options.stateDir),
      freeSpace: options.freeSpace,
    };
    if (asset !== undefined) return await pullAsset(asset, options.stateDir, { ...download, from: options.from });
    // A hash is believed once a model was made of what has it: its makers may repair what was none.
    const trust = withholding(download.trust);
    const { name: landing, build } = recipeFor(what, model, options, { ...download, trust });
    const buildAndBelieve = async (staging: string): Promise<void> => {
      await build(staging);
      await trust.settle();
    };
    return await land({ name: landing, build: buildAndBelieve }, options.modelDir);
  } finally {
    await http.close();
  }
}

/** What lands under a name, and how it is made. */
interface Recipe {
  readonly name: string;
  readonly build: (staging: string) => Promise<void>;
}

function recipeFor(
  what: string,
  model: Known | undefined,
  { as, from, models, modelDir }: PullOptions,
  download: Download,
): Recipe {
  if (model !== undefined) {
    const name = as === undefined ? model.name : checkName(as);
    return { name, build: (staging) => buildKnown({ ...model, name }, from, staging, download) };
  }
  if (isUrl(what)) {
    const { name, fetch } = recipeForUrl(what, as, modelDir, download);
    return { name, build: from === undefined ? fetch : (staging) => bringFound(from, staging, { ...download, name }) };
  }
  if (what !== "" || from === undefined) {
    refuseScheme(what);
    throw unknownName(what, pullNames(models));
  }
  if (as !== undefined) {
    return { name: download.name, build: (staging) => bringFound(from, staging, download) };
  }
  const detail = "say what it is with a name or --as NAME";
  throw new VoxpoolError("pull_target_invalid", { what: "--from", detail });
}

function recipeForUrl(url: string, as: string | undefined, modelDir: string, download: Download) {
  const target = readTarget(url, download.endpoints);
  const name = as === undefined ? target.name : checkName(as);
  const task = { ...download, name };
  const fetch = async (staging: string): Promise<void> => {
    if (target.kind === "archive") {
      const source = { kind: "archive", at: { url: target.url }, take: [{ all: true }] } as const;
      const lines = await fetchParts([[source]], staging, task, { isNamed: true });
      await finishFound(staging, name, [lines.join(" ").replace(target.url, withoutSecrets(url))]);
      return;
    }
    try {
      const files = await listRepository(target.repository, task.endpoints, task.http);
      await finishFound(staging, name, [await downloadPart([{ kind: "files", files }], staging, task)]);
    } catch (error) {
      throw explained(error, (tried) => {
        const details = { name, tried, page: withoutSecrets(url), directory: join(modelDir, ...name.split("/")) };
        return new VoxpoolError("download_page_by_hand", details, { cause: error });
      });
    }
  };
  return { name, fetch };
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
  await checkParent(modelDir);
  const outcome = await buildFolder({ target: directory, near: modelDir, name, isThere }, build);
  if (outcome === "blocked") {
    throw blocked(name, directory);
  }
  return { name, directory, alreadyThere: false };
}

/** A model directory may be made; one below a folder that is not there is more likely a slip, or a disk that is away. */
async function checkParent(modelDir: string): Promise<void> {
  const path = resolve(modelDir);
  const parent = dirname(path);
  const code = await stat(parent).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (code !== "ENOENT") return;
  const detail = `the folder ${parent} is not there; make it, or choose another model directory: --model-dir DIR`;
  throw new VoxpoolError("config_invalid", { source: path, detail });
}

async function buildKnown(
  model: Known,
  from: readonly string[] | undefined,
  staging: string,
  download: Download,
): Promise<void> {
  const sources = await (from === undefined
    ? fetchParts(model.parts, staging, download)
    : bringParts(model.parts, from, staging, download));
  await finishKnown(staging, model, sources);
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

/** A model that somebody put there by hand counts as well. */
async function holdsModel(directory: string): Promise<boolean> {
  return (await versionsIn(directory, () => true)).length > 0;
}

async function isTaken(directory: string): Promise<boolean> {
  try {
    return !(await stat(directory)).isDirectory() || !(await isEmptyFolder(directory));
  } catch {
    return false;
  }
}

function blocked(name: string, directory: string): VoxpoolError {
  const detail = "other files are in the way; move them elsewhere, then pull again";
  return new VoxpoolError("model_files_invalid", { model_path: name, detail, directory });
}
