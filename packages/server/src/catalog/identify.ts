import { basename, sep } from "node:path";
import { isInside, looksLikeModel, manifestName, pathBelow, type VersionFolder, versionsIn } from "./model-folder.ts";
import type { PresentRoot } from "./roots.ts";
import type { ModelFolder } from "./types.ts";

export interface Identified {
  readonly folder: ModelFolder;
  /** Whether there are files that look like a model. */
  readonly isModel: boolean;
}

/**
 * The one name of a folder: its model, however it was reached (by a link, by the folder inside, by its version).
 * `undefined` if the folder is a part of a model's files, or if there is no such version.
 * @param directory real path, inside one of the roots
 */
export async function identify(
  directory: string,
  version: string | undefined,
  roots: readonly PresentRoot[],
): Promise<Identified | undefined> {
  let target = directory;
  let wanted = version;
  // A link may lead to a folder that has a name of its own; that name is then the model's.
  for (let hops = 0; hops < 4; hops++) {
    const root = roots.find((one) => isInside(target, one.real));
    const found = root === undefined ? undefined : await nameIn(root, target, wanted, roots);
    if (found === undefined || !found.isModel || isInside(found.folder.directory, found.at)) {
      return found;
    }
    target = found.folder.directory;
    wanted = undefined;
  }
  return undefined;
}

/** Goes down from the root to the first folder that is a model; that folder gives the name. */
async function nameIn(
  root: PresentRoot,
  target: string,
  wanted: string | undefined,
  roots: readonly PresentRoot[],
): Promise<(Identified & { readonly at: string }) | undefined> {
  const isAllowed = (path: string) => roots.some((one) => isInside(path, one.real));
  if (await looksLikeModel(root.real)) {
    return target === root.real && (wanted ?? "1") === "1" ? rootModel(root) : undefined;
  }
  const names = target === root.real ? [] : pathBelow(root.real, target).split("/");
  let at = root.real;
  for (const name of names) {
    at = at.endsWith(sep) ? at + name : at + sep + name;
    const versions = await versionsIn(at, isAllowed);
    if (versions.length > 0) {
      return chosen(root, at, versions, target, wanted);
    }
  }
  const id = names.join("/");
  // A folder that is there but is no model; the model directory itself is not even that.
  return id === "" || wanted !== undefined
    ? undefined
    : { folder: { id, modelPath: join(root.shown, id), version: "1", directory: target }, isModel: false, at };
}

async function chosen(
  root: PresentRoot,
  at: string,
  versions: readonly VersionFolder[],
  target: string,
  wanted: string | undefined,
): Promise<(Identified & { readonly at: string }) | undefined> {
  // The target is the model's own folder, one on the way to its files, or one version's; else a part of the files.
  const meant = target === at ? versions : versions.filter(({ directory }) => isInside(directory, target));
  const version = wanted === undefined ? meant[0] : meant.find((one) => one.version === wanted);
  if (version === undefined) {
    return undefined;
  }
  const id = await idOf(root, at, version);
  const modelPath = join(root.shown, id) + (version === versions[0] ? "" : `@${version.version}`);
  return { folder: { id, modelPath, version: version.version, directory: version.directory }, isModel: true, at };
}

/**
 * The path of the folder that stands for the model, unless the manifest says by name that it belongs deeper:
 * `en/tiny` stays `en/tiny` also while it is all that `en` holds.
 */
async function idOf(root: PresentRoot, at: string, version: VersionFolder): Promise<string> {
  const id = pathBelow(root.real, at);
  const name = await manifestName(version.directory);
  const files = pathBelow(root.real, version.directory);
  return name?.startsWith(`${id}/`) && `${files}/`.startsWith(`${name}/`) ? name : id;
}

/** A model directory that is itself a model (`--model-dir model/cn`) is that one model. */
function rootModel(root: PresentRoot): Identified & { readonly at: string } {
  const folder = { id: basename(root.path), modelPath: root.shown || ".", version: "1", directory: root.real };
  return { folder, isModel: true, at: root.real };
}

function join(shown: string, id: string): string {
  return shown === "" ? id : `${shown}${shown.endsWith("/") ? "" : "/"}${id}`;
}
