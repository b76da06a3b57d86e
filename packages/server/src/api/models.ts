import type {
  AvailableModel,
  AvailableModels,
  LoadAnswer,
  LoadRequest,
  ModelEntry,
  ModelList,
  ModelStatus,
  ModelStatusFailure,
  UnloadAnswer,
  UnloadRequest,
} from "@voxpool/client/contract";
import { type MessageLanguage, VoxpoolError } from "../base/errors.ts";
import type { Catalog, ModelFolder } from "../catalog/catalog.ts";
import type { InstanceSnapshot, Pool } from "../pool/types.ts";
import { isAbsence } from "./default-model.ts";
import type { FileChanges } from "./file-changes.ts";
import type { Caller } from "./types.ts";

export interface ModelParts {
  readonly catalog: Catalog;
  readonly pool: Pool;
  readonly changes: FileChanges;
}

/** How many models are usable now. */
export function countLoaded({ pool }: Pick<ModelParts, "pool">): number {
  return pool.list().filter(isLoaded).length;
}

/** `GET /api/models`: the models that are usable now. */
export async function listModels({ pool, changes }: ModelParts): Promise<ModelList> {
  const loaded = pool.list().filter(isLoaded);
  const entries = await Promise.all(
    loaded.map(async (instance) => [instance.folder.modelPath, await toEntry(instance, changes)] as const),
  );
  return { success: true, models: Object.fromEntries(entries), count: loaded.length };
}

/** `GET /api/models/available`: the models on disk, loaded or not. */
export async function availableModels(parts: ModelParts, language: MessageLanguage): Promise<AvailableModels> {
  const folders = await parts.catalog.list();
  const entries = await Promise.all(
    folders.map(async (folder) => [folder.modelPath, await toAvailable(folder, parts, language)] as const),
  );
  return { success: true, models: Object.fromEntries(entries), count: entries.length };
}

/** `GET /api/models/status/<path>`. */
export async function modelStatus(
  parts: ModelParts,
  modelPath: string,
  language: MessageLanguage,
): Promise<ModelStatus | ModelStatusFailure> {
  const folder = await resolve(parts, modelPath).catch((error: unknown) => {
    if (isAbsence(error)) return error;
    throw error;
  });
  if (folder instanceof VoxpoolError) {
    return statusFailure(folder, String(folder.details["model_path"] ?? modelPath), language);
  }
  const instance = parts.pool.find(folder);
  if (instance && isLoaded(instance)) {
    return {
      success: true,
      status: { loaded: true, ...(await toEntry(instance, parts.changes)) },
      model_path: folder.modelPath,
    };
  }
  const error = new VoxpoolError("model_not_loaded", { model_path: folder.modelPath });
  return { ...statusFailure(error, folder.modelPath, language), ...(instance && stateOf(instance, language)) };
}

/** `POST /api/models/load`. */
export async function loadModel(
  parts: ModelParts,
  request: LoadRequest,
  { language }: Pick<Caller, "language">,
): Promise<LoadAnswer> {
  const folder = await resolve(parts, request.model_path);
  await parts.pool.load(folder);
  const { modelPath } = folder;
  const message = language === "zh" ? `模型 ${modelPath} 已加载` : `Model ${modelPath} is loaded`;
  return { success: true, message, model_path: modelPath };
}

/** `POST /api/models/unload`. */
export async function unloadModel(
  parts: ModelParts,
  request: UnloadRequest,
  { language }: Pick<Caller, "language">,
): Promise<UnloadAnswer> {
  const folder = await resolve(parts, request.model_path);
  await parts.pool.unload(folder);
  const { modelPath } = folder;
  const message = language === "zh" ? `模型 ${modelPath} 已卸载` : `Model ${modelPath} is unloaded`;
  return { success: true, message, model_path: modelPath };
}

/** As the catalog resolves it; a loaded model whose folder was removed is still found by its model path. */
export async function resolve(
  { catalog, pool }: Pick<ModelParts, "catalog" | "pool">,
  modelPath: string,
): Promise<ModelFolder> {
  try {
    return await catalog.resolve(modelPath);
  } catch (error) {
    const orphan = pool.list().find((instance) => instance.folder.modelPath === modelPath);
    if (orphan) return orphan.folder;
    throw error;
  }
}

export const isLoaded = ({ state }: InstanceSnapshot): boolean => state === "ready" || state === "restarting";

async function toEntry(instance: InstanceSnapshot, changes: FileChanges): Promise<ModelEntry> {
  return {
    ...((await changes.look(instance)) && { files_changed: true }),
    loaded_at: instance.loadedAt ?? 0,
    load_time: instance.loadSeconds ?? 0,
    usage_count: instance.usageCount,
    state: instance.state,
    version: instance.folder.version,
    engine: instance.info?.engine ?? "",
    family: instance.info?.family ?? "",
    languages: [...(instance.info?.languages ?? [])],
    memory_bytes: instance.memoryBytes,
    pid: instance.pid ?? 0,
  };
}

function statusFailure(error: VoxpoolError, modelPath: string, language: MessageLanguage): ModelStatusFailure {
  const { reason, entry } = error;
  const message = error.messageIn(language);
  return { success: false, message, reason, retryable: entry.retryable, model_path: modelPath };
}

function stateOf(
  { state, failure }: InstanceSnapshot,
  language: MessageLanguage,
): Pick<ModelStatusFailure, "state" | "last_error"> {
  if (!failure) return { state };
  const { error, at } = failure;
  return { state, last_error: { reason: error.reason, message: error.messageIn(language), at } };
}

async function toAvailable(
  folder: ModelFolder,
  { catalog, pool }: ModelParts,
  language: MessageLanguage,
): Promise<AvailableModel> {
  const instance = pool.find(folder);
  const loaded = instance !== undefined && isLoaded(instance);
  const common = { id: folder.id, versions: [folder.version], loaded };
  try {
    const { engine, family, languages, sizeBytes } = await catalog.describe(folder);
    return { ...common, engine, family, languages: [...languages], size_bytes: sizeBytes };
  } catch (error) {
    return { ...common, languages: [], size_bytes: 0, problem: VoxpoolError.from(error).messageIn(language) };
  }
}
