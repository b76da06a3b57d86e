import { VoxpoolError } from "../../base/errors.ts";

export type ModelAction = "metadata" | "ready" | "config" | "stats" | "infer";

/** What a path below `/v2/models/` means. */
export interface ModelCall {
  /** As the caller wrote it; slashes in it may have come as they are or as `%2F`. */
  readonly model: string;
  readonly version?: string;
  readonly action: ModelAction;
}

const actions: ReadonlySet<string> = new Set(["ready", "config", "stats", "infer"]);

/**
 * Takes a path apart from its end, since the name of a model holds slashes: `{m}[/versions/{v}][/{action}]`.
 * @param path below `/v2/models/`, as it came over the wire
 * @throws VoxpoolError `model_path_missing`, `request_invalid`
 */
export function readModelCall(path: string): ModelCall {
  const parts = path.split("/");
  const last = parts.at(-1) ?? "";
  const hasAction = parts.length > 1 && actions.has(last);
  const named = hasAction ? parts.slice(0, -1) : parts;
  const action = hasAction ? (last as ModelAction) : "metadata";
  const hasVersion = named.length > 2 && named.at(-2) === "versions";
  if (!hasVersion) return { model: decoded(named), action };
  return { model: decoded(named.slice(0, -2)), version: versionOf(decoded(named.slice(-1))), action };
}

/**
 * Takes a path below `/v2/repository/models/` apart: `{m}/load` or `{m}/unload`; undefined if it is neither.
 * @throws VoxpoolError `model_path_missing`, `request_invalid`
 */
export function readRepositoryCall(path: string): { readonly model: string; readonly load: boolean } | undefined {
  const match = /^(.*)\/(un)?load$/.exec(path);
  if (match === null) return undefined;
  return { model: decoded([match[1] ?? ""]), load: match[2] === undefined };
}

/** As the native calls write a model version: `en/tiny@2`. */
export function modelPathOf({ model, version }: Pick<ModelCall, "model" | "version">): string {
  return version === undefined ? model : `${model}@${version}`;
}

function versionOf(text: string): string {
  if (/^\d{1,15}$/.test(text)) return String(Number(text));
  throw new VoxpoolError("request_invalid", { detail: "the version in its path is no whole number" });
}

function decoded(parts: readonly string[]): string {
  const text = parts.join("/");
  if (text === "") throw new VoxpoolError("model_path_missing");
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new VoxpoolError("request_invalid", { detail: "the path is not valid percent-encoding" }, { cause: error });
  }
}
