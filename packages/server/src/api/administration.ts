import type {
  AliasAnswer,
  AliasList,
  AliasRequest,
  PinAnswer,
  PinRequest,
  ReloadAnswer,
  ReloadRequest,
  RenewAnswer,
  RenewRequest,
} from "@voxpool/client/contract";
import { VoxpoolError } from "../base/errors.ts";
import { aliasTarget } from "../pool/names.ts";
import { type ModelParts, resolve } from "./models.ts";
import type { Caller } from "./types.ts";

/** `POST /api/models/renew`. */
export async function renewHolds(parts: ModelParts, request: RenewRequest, caller: Caller): Promise<RenewAnswer> {
  const { model_path, lease_ms } = request;
  const { client, language } = caller;
  const folder = model_path === undefined ? undefined : await resolve(parts, model_path);
  const leaseSeconds = lease_ms === undefined ? undefined : lease_ms / 1000;
  const renewed = parts.pool.renew(client, folder, leaseSeconds);
  const shown = parts.names.shown(parts.pool.list().map((instance) => instance.folder));
  const message = language === "zh" ? `已续期 ${renewed.length} 个持有` : `Renewed: ${renewed.length}`;
  return {
    success: true,
    message,
    renewed: renewed.map((one) => ({
      model_path: shown.get(one.folder.directory) ?? one.folder.modelPath,
      until: one.hold.until ?? null,
    })),
  };
}

/** `POST /api/models/reload`. */
export async function reloadModel(
  parts: ModelParts,
  request: ReloadRequest,
  { language }: Caller,
): Promise<ReloadAnswer> {
  const folder = await resolve(parts, request.model_path);
  const { loadSeconds } = await parts.pool.reload(folder);
  const { modelPath } = folder;
  const message = language === "zh" ? `模型 ${modelPath} 已重新加载` : `Model ${modelPath} is loaded anew`;
  return { success: true, message, model_path: modelPath, load_time: loadSeconds ?? 0 };
}

/** `POST /api/models/pin`. */
export async function pinModel(parts: ModelParts, request: PinRequest, { language }: Caller): Promise<PinAnswer> {
  const folder = await resolve(parts, request.model_path);
  const pinned = request.pinned ?? true;
  parts.pool.pin(folder, pinned);
  const { modelPath } = folder;
  const english = `Model ${modelPath} is ${pinned ? "pinned" : "no longer pinned"}`;
  const message = language === "zh" ? `模型 ${modelPath} ${pinned ? "已固定" : "已取消固定"}` : english;
  return { success: true, message, model_path: modelPath, pinned };
}

/** `GET /api/models/aliases`. */
export function listAliases({ names }: Pick<ModelParts, "names">): AliasList {
  const aliases = names.aliases();
  return { success: true, aliases: Object.fromEntries(aliases), count: aliases.length };
}

/** `POST /api/models/alias`: points an alias to a model or a version of it, or removes it. */
export async function setAlias(parts: ModelParts, request: AliasRequest, { language }: Caller): Promise<AliasAnswer> {
  const { alias } = request;
  const { names } = parts;
  if (request.model_path === null) {
    if (names.target(alias) === undefined) throw new VoxpoolError("alias_not_found", { alias });
    names.setAlias(alias, undefined);
    const message = language === "zh" ? `别名 ${alias} 已删除` : `Alias ${alias} is removed`;
    return { success: true, message, alias, model_path: null };
  }
  await checkAlias(parts, alias);
  const { model_path } = request;
  // An alias of an alias means what that one means now: with the version that was named there.
  const target = aliasTarget(names.target(model_path) ?? model_path, await resolve(parts, model_path));
  names.setAlias(alias, target);
  const message = language === "zh" ? `别名 ${alias} 指向 ${target}` : `Alias ${alias} points to ${target}`;
  return { success: true, message, alias, model_path: target };
}

/** What an alias may look like: so that no path and no version is mistaken for one. */
const aliasPattern = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,99}$/u;

async function checkAlias({ catalog }: ModelParts, alias: string): Promise<void> {
  if (!aliasPattern.test(alias)) {
    const detail = "write letters, digits, dots, dashes and underscores, at most 100";
    throw new VoxpoolError("alias_invalid", { alias: alias.slice(0, 100), detail });
  }
  const model = await catalog.resolve(alias).catch(() => undefined);
  if (model) throw new VoxpoolError("alias_invalid", { alias, detail: `there is a model ${model.modelPath}` });
}
