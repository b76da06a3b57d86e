import { createReadStream } from "node:fs";
import { VoxpoolError } from "../base/errors.ts";
import type { Catalog, ModelFolder } from "../catalog/catalog.ts";
import type { Names } from "../pool/names.ts";
import type { Pool } from "../pool/types.ts";
import type { Api } from "./types.ts";

/** What is used when there is nothing else; fetched once. */
export const fallbackModel = "en/tiny";

export interface DefaultModelParts {
  readonly catalog: Catalog;
  readonly pool: Pool;
  readonly names: Pick<Names, "resolve">;
  readonly api: Pick<Api, "transcribe">;
  /** As configured; empty: `cn` when it is there, else `en/tiny`. */
  readonly configuredDefault: string;
  /** Fetches a known model into the first model directory. */
  readonly pull: (name: string) => Promise<void>;
  /** The recording for the warm-up, a WAV file. */
  readonly recordingFile: string;
  readonly signal: AbortSignal;
}

export interface DefaultModelReady {
  readonly modelPath: string;
  readonly loadSeconds: number;
  /** The words that were heard in the recording; empty if the model does not know its language. */
  readonly heard: string;
  readonly warmUpSeconds: number;
}

/** The default model's path: the configured one, else `cn` if it is on disk, else `en/tiny`. */
export async function defaultModelPath(
  catalog: Pick<Catalog, "resolve" | "modelDirs">,
  configured: string,
): Promise<string> {
  if (configured !== "") return configured;
  const chinese = await ifThere(catalog.resolve("cn"));
  return chinese?.modelPath ?? `${catalog.modelDirs[0]}/${fallbackModel}`;
}

/**
 * Makes the default model ready: fetches `en/tiny` if it is that and not there, loads it, and decodes a recording so
 * that the first request meets a warm model.
 * @throws VoxpoolError of the download, the load or the decode
 */
export async function prepareDefaultModel(parts: DefaultModelParts): Promise<DefaultModelReady> {
  const { catalog, configuredDefault, names, pool } = parts;
  const modelPath = await defaultModelPath(catalog, configuredDefault);
  let folder = await ifThere(names.resolve(modelPath));
  if (!folder && configuredDefault === "") await parts.pull(fallbackModel);
  folder ??= await names.resolve(modelPath);
  const loaded = await pool.load(folder);
  const warmUp = await transcribeRecording(parts, folder);
  return { modelPath: folder.modelPath, loadSeconds: loaded.loadSeconds ?? 0, ...warmUp };
}

async function transcribeRecording({ api, recordingFile, signal }: DefaultModelParts, { modelPath }: ModelFolder) {
  const request = { bytes: createReadStream(recordingFile), options: { model_path: modelPath } };
  for await (const event of api.transcribe(request, { client: "warm-up", language: "en", signal })) {
    if (event.type !== "done") continue;
    return { heard: event.transcript.text, warmUpSeconds: event.transcript.processing_seconds };
  }
  throw new VoxpoolError("internal");
}

/** The folder, or undefined if there is none or it is empty. @throws VoxpoolError `model_path_invalid` */
export async function ifThere(resolving: Promise<ModelFolder>): Promise<ModelFolder | undefined> {
  return resolving.catch((error: unknown) => {
    if (isAbsence(error)) return undefined;
    throw error;
  });
}

/** Whether an error says that there is no model at a path. */
export function isAbsence(error: unknown): error is VoxpoolError {
  return error instanceof VoxpoolError && absences.has(error.reason);
}

const absences: ReadonlySet<string> = new Set(["model_not_found", "model_folder_empty"]);
