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
import { parseDuration } from "../base/duration.ts";
import { type MessageLanguage, VoxpoolError } from "../base/errors.ts";
import { pathWithoutVersion, pathWithVersion } from "../base/versioned-path.ts";
import type { Catalog, ModelFolder } from "../catalog/catalog.ts";
import { holderNames } from "../pool/holds.ts";
import type { Names } from "../pool/names.ts";
import type { Claimant, Hold, InstanceSnapshot, LoadWish, Pool, Quarantine } from "../pool/types.ts";
import type { Switches } from "../rollout/types.ts";
import { isAbsence } from "./default-model.ts";
import type { FileChanges } from "./file-changes.ts";
import { toProbation } from "./switch.ts";
import type { Caller } from "./types.ts";

export interface ModelParts {
  readonly catalog: Catalog;
  readonly pool: Pool;
  readonly names: Names;
  readonly switches: Pick<Switches, "probationOf" | "noteHold" | "heldAs">;
  readonly changes: FileChanges;
  /** Resolves when what was decided (an alias, a version, a pin) outlives the process. @throws VoxpoolError `state_unwritable` */
  readonly kept: () => Promise<void>;
  /** Of one model. */
  readonly mostHolds: number;
}

/** How many models are usable now. */
export function countLoaded({ pool }: Pick<ModelParts, "pool">): number {
  return pool.list().filter(isLoaded).length;
}

/** `GET /api/models`: the models that are usable now. */
export async function listModels(parts: ModelParts): Promise<ModelList> {
  const loaded = parts.pool.list().filter(isLoaded);
  const shown = parts.names.shown(loaded.map(({ folder }) => folder));
  const entries = await Promise.all(
    loaded.map(async (instance) => {
      const path = shown.get(instance.folder.directory) ?? instance.folder.modelPath;
      return [path, await toEntry(instance, path, parts)] as const;
    }),
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
      status: { loaded: true, ...(await toEntry(instance, folder.modelPath, parts)) },
      model_path: folder.modelPath,
    };
  }
  const error = new VoxpoolError("model_not_loaded", { model_path: folder.modelPath });
  const quarantine = parts.pool.quarantineOf(folder);
  return {
    ...statusFailure(error, folder.modelPath, language),
    ...(instance && stateOf(instance, language)),
    ...(quarantine && { quarantine: toQuarantine(quarantine, language) }),
  };
}

/** `POST /api/models/load`. */
export async function loadModel(parts: ModelParts, request: LoadRequest, caller: Caller): Promise<LoadAnswer> {
  const { lease_ms, keep_alive, pin } = request;
  const keepAliveSeconds = keep_alive === undefined ? undefined : parseDuration(keep_alive, "keep_alive");
  const claimant = claimantOf(caller);
  const { folder, loaded, isNew } = await loadMeant(parts, request.model_path, {
    claimant,
    mostHolds: parts.mostHolds,
    ...(caller.isFinished !== true && { signal: caller.signal }),
    ...(lease_ms !== undefined && { leaseSeconds: lease_ms / 1000 }),
    ...(keepAliveSeconds !== undefined && { keepAliveSeconds }),
    ...(pin !== undefined && { pin }),
  });
  // Behind an address nobody is left who could give it back; a client is known by its name when it comes again.
  if (caller.isFinished === true && caller.kind !== "client" && caller.signal.aborted) {
    parts.pool.letGo(folder, claimant);
  }
  if (pin === true) {
    await parts.kept().catch((error: unknown) => {
      if (isNew) parts.pool.letGo(folder, claimant); // who is told of a failure gives nothing back
      throw error;
    });
  }
  const { holds, expiresAt } = loaded;
  const { modelPath, version } = folder;
  const message = caller.language === "zh" ? `模型 ${modelPath} 已加载` : `Model ${modelPath} is loaded`;
  const expires_at = expiresAt ?? null;
  return { success: true, message, model_path: modelPath, version, holds: holds.map(toHold), expires_at };
}

/** Loads what a path means; if that was switched meanwhile, what it means by then. */
async function loadMeant(parts: ModelParts, path: string, wish: LoadWish & { readonly claimant: Claimant }) {
  const { claimant } = wish;
  const { pool, names, switches } = parts;
  for (;;) {
    const folder = await resolve(parts, path);
    const { revision } = names;
    const before = holdOf(pool.find(folder), claimant);
    const loaded = await pool.load(folder, wish);
    const after = wish.signal?.aborted === true ? undefined : holdOf(loaded, claimant);
    // Only what this load has added: a client's hold of before stays, and so does what others behind an address have.
    const isNew = after !== undefined && (claimant.kind === "address" || after.since !== before?.since);
    if (revision === names.revision || (await resolve(parts, path)).directory === folder.directory) {
      switches.noteHold(folder, claimant, path);
      return { folder, loaded, isNew };
    }
    if (isNew) pool.letGo(folder, claimant);
  }
}

const holdOf = (instance: InstanceSnapshot | undefined, { client, kind }: Claimant): Hold | undefined =>
  instance?.holds.find((hold) => hold.client === client && hold.kind === kind);

/** `POST /api/models/unload`. */
export async function unloadModel(parts: ModelParts, request: UnloadRequest, caller: Caller): Promise<UnloadAnswer> {
  const force = request.force ?? false;
  const claimant = claimantOf(caller);
  const folder = await (force ? resolve(parts, request.model_path) : heldOrMeant(parts, request.model_path, claimant));
  const { unloaded, holds } = await parts.pool.unload(folder, claimant, { force });
  if (force) await parts.kept(); // it takes a pin away
  const { modelPath } = folder;
  const message = unloaded ? unloadedText(modelPath, caller) : keptText(modelPath, holds, caller);
  return { success: true, message, model_path: modelPath, unloaded, holds: holds.map(toHold) };
}

/** What a path means; of an alias that was moved since, or removed, the model that the claimant has loaded by it. */
async function heldOrMeant(parts: ModelParts, path: string, claimant: Claimant): Promise<ModelFolder> {
  const held = parts.switches.heldAs(path, claimant);
  try {
    const meant = await resolve(parts, path);
    return held && !holdOf(parts.pool.find(meant), claimant) ? held : meant;
  } catch (error) {
    if (held) return held;
    throw error;
  }
}

const unloadedText = (modelPath: string, { language }: Caller): string =>
  language === "zh" ? `模型 ${modelPath} 已卸载` : `Model ${modelPath} is unloaded`;

function keptText(modelPath: string, holds: readonly Hold[], { language }: Caller): string {
  if (language === "zh") {
    const holders = holderNames(holds, "、");
    return `已归还对模型 ${modelPath} 的持有；模型保持加载${holders && `，仍由 ${holders} 持有`}`;
  }
  const holders = holderNames(holds);
  return `Your hold on ${modelPath} is given back; it stays loaded${holders && `, held by ${holders}`}`;
}

/** Whose holds a call is about. */
function claimantOf({ client, kind = "address" }: Caller): Claimant {
  return { client, kind };
}

/** As the catalog resolves it; a loaded model whose folder was removed is still found by its names. */
export async function resolve(
  { names, pool }: Pick<ModelParts, "names" | "pool">,
  modelPath: string,
): Promise<ModelFolder> {
  try {
    return await names.resolve(modelPath);
  } catch (error) {
    const path = (names.target(modelPath) ?? modelPath).replace(/\/$/, "");
    const orphan = pool.list().find(({ folder }) => isNamed(folder, path));
    if (orphan) return orphan.folder;
    throw error;
  }
}

function isNamed(folder: ModelFolder, path: string): boolean {
  const { id, modelPath, version } = folder;
  if (path === modelPath || path === pathWithVersion(folder) || path === `${id}@${version}`) return true;
  return path === id && modelPath === pathWithoutVersion(folder); // the version that its plain path meant
}

export const isLoaded = ({ state }: InstanceSnapshot): boolean => state === "ready" || state === "restarting";

async function toEntry(
  instance: InstanceSnapshot,
  path: string,
  { changes, names, switches }: Pick<ModelParts, "changes" | "names" | "switches">,
): Promise<ModelEntry> {
  const probation = switches.probationOf(instance.folder);
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
    holds: instance.holds.map(toHold),
    sessions: instance.sessions,
    pinned: instance.pinned,
    expires_at: instance.expiresAt ?? null,
    aliases: [...names.aliasesOf(path)],
    restarts: instance.restarts,
    ...(probation && { probation: toProbation(probation) }),
  };
}

function toHold({ client, kind, count, since, until }: Hold): LoadAnswer["holds"][number] {
  return { client, kind, count, since, until: until ?? null };
}

function toQuarantine({ error, failures, until }: Quarantine, language: MessageLanguage) {
  return { reason: error.reason, message: error.messageIn(language), failures, until };
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
  { catalog, pool, names }: ModelParts,
  language: MessageLanguage,
): Promise<AvailableModel> {
  // The newest version is on the list; another one may be what its path means.
  const [serving = folder] = await names.serving([folder]).catch(() => [folder]);
  const instance = pool.find(serving);
  const loaded = instance !== undefined && isLoaded(instance);
  // A model without numbered folders has the one version.
  const versions = folder.version === "1" ? ["1"] : [...(await catalog.versions(folder.modelPath))];
  const common = { id: folder.id, versions, loaded };
  try {
    const { engine, family, languages, sizeBytes } = await catalog.describe(folder);
    return { ...common, engine, family, languages: [...languages], size_bytes: sizeBytes };
  } catch (error) {
    return { ...common, languages: [], size_bytes: 0, problem: VoxpoolError.from(error).messageIn(language) };
  }
}
