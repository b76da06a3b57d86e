import {
  type AvailableModel,
  catalogue,
  type ModelStatsAnswer,
  type ModelStatusFailure,
  type Stats,
} from "@voxpool/client/contract";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Api, Viewer } from "../../api/types.ts";
import { type Reason, VoxpoolError } from "../../base/errors.ts";
import { callerOf } from "../caller.ts";
import { namesByPath } from "../model-names.ts";
import { checker, Parameters } from "./json.ts";
import { modelConfig, modelMetadata } from "./metadata.ts";
import { type ModelCall, modelPathOf } from "./model-url.ts";
import { type IndexEntry, indexEntry, repositoryVersions } from "./repository.ts";
import { modelStatistics } from "./statistics.ts";

/** Where the statistics come from. */
export interface StatisticsSource {
  readonly stats: (viewer: Viewer) => Stats;
  /** @throws VoxpoolError `model_path_invalid`, `model_not_found` */
  readonly modelStats: (modelPath: string, viewer: Viewer) => Promise<ModelStatsAnswer>;
}

/** A body, and the status that goes with it. */
export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** `…/ready`. @throws VoxpoolError `model_path_invalid` */
export async function modelReady(api: Api, call: ModelCall, viewer: Viewer): Promise<Answer> {
  const status = await api.modelStatus(modelPathOf(call), viewer);
  return status.success ? { status: 200, body: { name: call.model, ready: true } } : refusal(status);
}

/** `GET /v2/models/{m}` and `…/config`. @throws VoxpoolError `model_path_invalid` */
export async function modelDescription(api: Api, call: ModelCall, viewer: Viewer): Promise<Answer> {
  const model = await describe(api, call, viewer);
  if ("success" in model) return refusal(model);
  const body = call.action === "config" ? modelConfig(call.model, model) : modelMetadata(call.model, model);
  return { status: 200, body };
}

async function describe(api: Api, call: ModelCall, viewer: Viewer): Promise<AvailableModel | ModelStatusFailure> {
  const status = await api.modelStatus(modelPathOf(call), viewer);
  if (!status.success && absences.has(status.reason)) return status;
  const { models } = await api.availableModels(viewer);
  const path = plainPath(status.model_path);
  const model = models[path];
  if (model !== undefined || !status.success) return model ?? (status as ModelStatusFailure);
  // Its files are gone, and it serves on.
  const { engine, family, languages, version } = status.status;
  return { id: path, engine, family, languages, versions: [version], size_bytes: 0, loaded: true };
}

const absences: ReadonlySet<string> = new Set(["model_not_found", "model_folder_empty", "version_not_found"]);

const plainPath = (path: string): string => path.replace(/@\d+$/, "");

/** What the native call says without throwing it. */
function refusal({ reason, message }: ModelStatusFailure): Answer {
  const status = Object.hasOwn(catalogue, reason) ? catalogue[reason as Reason].status : 500;
  return { status, body: { error: message } };
}

/** `GET /v2/models/stats` and `GET /v2/models/{m}/stats`. @throws VoxpoolError those of a path */
export async function statistics(source: StatisticsSource, api: Api, call: ModelCall | undefined, viewer: Viewer) {
  const all = Object.values(source.stats(viewer).models);
  if (call === undefined) {
    const names = namesByPath(await api.availableModels(viewer));
    const nameOf = (path: string) => names.get(path) ?? path;
    return { model_stats: all.map((stats) => modelStatistics(nameOf(stats.model_path ?? ""), stats)) };
  }
  const { model_path: path, stats } = await source.modelStats(modelPathOf(call), viewer);
  const plain = plainPath(path);
  const isMeant = ({ model_path: other, version }: (typeof all)[number]) =>
    other === plain && (call.version === undefined || version === call.version);
  const versions = all.filter(isMeant);
  const known = versions.length > 0 ? versions : [{ version: call.version ?? "1", ...stats }];
  return { model_stats: known.map((one) => modelStatistics(call.model, one)) };
}

const checkIndex = checker(Type.Object({ ready: Type.Optional(Type.Boolean()) }));

/** `POST /v2/repository/index`. */
export async function repositoryIndex(api: Api, body: unknown, viewer: Viewer): Promise<IndexEntry[]> {
  const { ready = false } = checkIndex(body);
  const [available, loaded] = await Promise.all([api.availableModels(viewer), api.listModels(viewer)]);
  const entries = await Promise.all(
    repositoryVersions(available, loaded).map(async (one) => {
      const isKnown = one.state !== undefined || one.problem !== undefined;
      const status = isKnown ? {} : await api.modelStatus(`${one.modelPath}@${one.version}`, viewer).catch(() => ({}));
      return indexEntry(one, status);
    }),
  );
  return ready ? entries.filter(({ state }) => state === "READY") : entries;
}

const checkLoad = checker(Type.Object({ parameters: Type.Optional(Parameters) }));

/**
 * `POST /v2/repository/models/{m}/load` and `/unload`: the hold of the caller's address, as in the native calls.
 * @throws VoxpoolError as `loadModel` and `unloadModel` do
 */
export async function changeRepository(
  api: Api,
  { model, load }: { readonly model: string; readonly load: boolean },
  body: unknown,
  request: FastifyRequest,
  signal: AbortSignal,
) {
  const { parameters = {} } = checkLoad(body);
  const foreign = Object.keys(parameters).find((name) => name === "config" || name.startsWith("file:"));
  if (foreign !== undefined) {
    const detail = "models are loaded as their files are; nothing of them can be sent along";
    throw new VoxpoolError("option_invalid", { option: foreign.slice(0, 100), detail });
  }
  const caller = callerOf(request, signal);
  if (load) {
    await api.loadModel({ model_path: model }, caller);
    return { name: model, load: true };
  }
  const { unloaded } = await api.unloadModel({ model_path: model }, caller);
  return { name: model, unload: true, unloaded };
}
