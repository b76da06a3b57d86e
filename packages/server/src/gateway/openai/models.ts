import type { AliasList, AvailableModels } from "@voxpool/client/contract";
import type { Api, Viewer } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";

/** What OpenAI calls its models: here they stand for the default model, so that clients run as they are. */
const standIns = ["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-transcribe"];

export interface ModelObject {
  readonly id: string;
  readonly object: "model";
  /** Nobody knows when a model was made. */
  readonly created: 0;
  readonly owned_by: "voxpool";
}

const modelObject = (id: string): ModelObject => ({ id, object: "model", created: 0, owned_by: "voxpool" });

/**
 * The `model_path` that a name means; undefined is the default model. An alias of that name goes before what OpenAI's
 * names stand for, so that `whisper-1` can be pointed somewhere else.
 */
export function modelPathOf(name: string, { aliases }: Pick<AliasList, "aliases">): string | undefined {
  return standIns.includes(name) && !Object.hasOwn(aliases, name) ? undefined : name;
}

/** Punctuators recognise nothing. */
const recognises = ({ engine }: { readonly engine?: string }) => engine !== "sherpa-punctuation";

/** All names that `model` may have: models that can be used, aliases, and OpenAI's own. */
export function modelNames(
  { models }: Pick<AvailableModels, "models">,
  { aliases }: Pick<AliasList, "aliases">,
): readonly string[] {
  const usable = Object.entries(models).filter(([, model]) => model.problem === undefined && recognises(model));
  const seen = new Set<string>();
  // Of two models with one id, in two directories, the first has it.
  for (const [path, { id }] of usable) seen.add(seen.has(id) ? path : id);
  return [...new Set([...seen, ...Object.keys(aliases), ...standIns])];
}

/** `GET /v1/models`. */
export async function listModels(api: Api, viewer: Viewer): Promise<{ object: "list"; data: readonly ModelObject[] }> {
  const names = modelNames(await api.availableModels(viewer), api.listAliases(viewer));
  return { object: "list", data: names.map(modelObject) };
}

/** `GET /v1/models/{id}`. @throws VoxpoolError `model_name_unknown` */
export async function findModel(api: Api, name: string, viewer: Viewer): Promise<ModelObject> {
  const path = modelPathOf(name, api.listAliases(viewer));
  if (path === undefined) return modelObject(name);
  const status = await api.modelStatus(path, viewer).catch((error: unknown) => error);
  const isAbsent = status instanceof VoxpoolError ? isUnknownName(status) : isAbsence(status);
  if (isAbsent) throw await unknownModel(api, name, viewer);
  if (status instanceof Error) throw status;
  return modelObject(name);
}

function isAbsence(status: unknown): boolean {
  return typeof status === "object" && status !== null && "reason" in status && absences.has(String(status.reason));
}

const absences: ReadonlySet<string> = new Set(["model_not_found", "model_path_invalid", "version_not_found"]);

/** Whether an error says that there is no such model, or that its name could be none. */
export function isUnknownName(error: unknown): boolean {
  return error instanceof VoxpoolError && absences.has(error.reason);
}

/** So many names fit into a message. */
const shownNames = 50;

/** What stands for a name that is no model's: it says what there is. */
export async function unknownModel(api: Api, name: string, viewer: Viewer): Promise<VoxpoolError> {
  const names = modelNames(await api.availableModels(viewer), api.listAliases(viewer));
  const rest = names.length > shownNames ? ", …" : "";
  return new VoxpoolError("model_name_unknown", {
    model: printable(name),
    names: names.slice(0, shownNames).join(", ") + rest,
  });
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const printable = (name: string): string => name.slice(0, 200).replaceAll(/[\u0000-\u001f\u007f]/g, "?");
