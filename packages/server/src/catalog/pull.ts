import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VoxpoolError } from "../base/errors.ts";
import { type Log, silentLog } from "../base/log.ts";
import { pullAsset } from "./assets.ts";
import { type Download, downloadPart, type PullEvent, partDirectoryOf } from "./download.ts";
import { createHttp, type HttpOptions } from "./http.ts";
import { assetNames } from "./known-assets.ts";
import { type Known, knownModels, vocabularyFile } from "./known-models.ts";
import { readLlamaVocabulary } from "./llama-vocabulary.ts";
import { looksLikeModel, readFolder, versionsIn } from "./model-folder.ts";
import { printable } from "./model-path.ts";
import { moonshineTokenTable } from "./moonshine-tokens.ts";
import { registriesFrom } from "./sources.ts";
import { buildFolder } from "./staging.ts";

export type { PullEvent } from "./download.ts";

export interface PullOptions {
  /** Where models land: the first model directory. */
  readonly modelDir: string;
  /** Where native parts and unfinished downloads are kept. */
  readonly stateDir: string;
  /** `download.npm_registry`; empty or absent: the environment's, else the public one. */
  readonly npmRegistry?: string;
  /** `download.pypi_index`; likewise. */
  readonly pypiIndex?: string;
  readonly onProgress?: (event: PullEvent) => void;
  readonly signal?: AbortSignal;
  readonly log?: Log;
  /** What can be pulled by name, besides the native parts. */
  readonly models?: readonly Known[];
  readonly http?: Omit<HttpOptions, "name" | "signal">;
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
 * Fetches a known model into the model directory, or a native part into the state directory, unless it is there.
 * It appears whole or not at all; an interrupted download is resumed by the next call, by whichever process.
 * @throws VoxpoolError `download_unknown`, `download_failed`, `download_corrupt`, `disk_full`,
 * `platform_unsupported`, `model_files_invalid` if other files are in the way; the signal's reason
 */
export async function pull(name: string, options: PullOptions): Promise<PullResult> {
  const models = options.models ?? knownModels;
  const model = models.find((one) => one.name === name);
  const asset = assetNames.find((one) => one === name);
  if (model === undefined && asset === undefined) {
    throw new VoxpoolError("download_unknown", { name: printable(name), names: pullNames(models).join(", ") });
  }
  const http = createHttp({ ...options.http, name, signal: options.signal });
  try {
    const download: Download = {
      name,
      http,
      registries: registriesFrom(options),
      partDirectory: partDirectoryOf(options.stateDir),
      onProgress: options.onProgress ?? (() => undefined),
      signal: options.signal,
      log: options.log ?? silentLog,
    };
    return asset === undefined
      ? await pullModel(model ?? never(name), options.modelDir, download)
      : await pullAsset(asset, options.stateDir, download);
  } finally {
    await http.close();
  }
}

async function pullModel(model: Known, modelDir: string, download: Download): Promise<PullResult> {
  const { name } = model;
  const directory = join(modelDir, ...name.split("/"));
  const isThere = () => holdsModel(directory);
  if (await isThere()) {
    return { name, directory, alreadyThere: true };
  }
  if (await isTaken(directory)) {
    throw blocked(name, directory);
  }
  const folder = { target: directory, near: modelDir, name, isThere };
  const outcome = await buildFolder(folder, (staging) => build(model, staging, download));
  if (outcome === "blocked") {
    throw blocked(name, directory);
  }
  return { name, directory, alreadyThere: false };
}

async function build(model: Known, staging: string, download: Download): Promise<void> {
  const sources: string[] = [];
  for (const part of model.parts) {
    sources.push(await explained(downloadPart(part, staging, download), model));
  }
  if (model.derive === "moonshine-tokens") {
    const vocabulary = readLlamaVocabulary(await readFile(join(staging, vocabularyFile), "utf8"));
    await writeFile(join(staging, "tokens.txt"), moonshineTokenTable(vocabulary), { flush: true });
    await rm(join(staging, vocabularyFile));
  }
  const { name, title, licence } = model;
  const manifest = { name, title, ...model.model, licence, sources };
  await writeFile(join(staging, "voxpool.json"), `${JSON.stringify(manifest, undefined, 2)}\n`, { flush: true });
  if (!(await looksLikeModel(staging))) {
    throw new VoxpoolError("model_files_invalid", { model_path: name, detail: "the download holds no model" });
  }
}

/** A download that failed says how the files can be brought by hand, where that is possible. */
async function explained<T>(work: Promise<T>, { byHand }: Known): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof VoxpoolError && error.reason === "download_failed" && byHand !== undefined) {
      const detail = `${error.details.detail}; without a way there, ${byHand}`;
      throw new VoxpoolError("download_failed", { ...error.details, detail }, { cause: error });
    }
    throw error;
  }
}

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

function never(name: string): never {
  throw new Error(`${name} is neither a model nor a native part`);
}
