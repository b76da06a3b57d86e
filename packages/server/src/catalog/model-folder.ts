import { constants, type Dirent } from "node:fs";
import { open, opendir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { isHiddenName } from "./model-path.ts";

/** One version of a model: the real path of the folder with its files. */
export interface VersionFolder {
  readonly version: string;
  readonly directory: string;
}

/** Most entries of one folder that are looked at; a folder with more is no model and no group of models. */
const maxFolderEntries = 10_000;

/** Most versions of one model; older ones are left out. */
const maxVersions = 1000;

/** How many folders that hold nothing but one folder are stepped into. */
const maxNesting = 4;

/** Files whose presence makes a folder a model; what kind it is, detection finds out. */
const markers = new Set(["voxpool.json", "fake.json", "final.mdl"]);

/** Whether the files of a model lie in this very folder: a cheap look, nothing is opened. */
export async function looksLikeModel(directory: string): Promise<boolean> {
  return holdsModelFiles(directory, await readFolder(directory));
}

/**
 * The model that a folder is or stands for: its versions, newest first; empty if there is none.
 * A folder that holds nothing but one model folder stands for it, since archives unpack so.
 * @param isAllowed whether a real path may be entered; links that lead elsewhere are not followed
 */
export async function versionsIn(
  directory: string,
  isAllowed: (realPath: string) => boolean,
  nesting: number = maxNesting,
): Promise<readonly VersionFolder[]> {
  const entries = await readFolder(directory);
  const numbered = await numberedVersions(directory, entries, isAllowed);
  if (numbered.length > 0) {
    return numbered;
  }
  if (await holdsModelFiles(directory, entries)) {
    return [{ version: "1", directory }];
  }
  const inner = nesting === 0 ? undefined : await onlyFolder(directory, entries, isAllowed);
  return inner === undefined ? [] : versionsIn(inner, isAllowed, nesting - 1);
}

/**
 * The real path of a folder's child that is a folder too, or is a link to one.
 * `undefined` for files, for broken links and for links that lead to where `isAllowed` does not want.
 */
export async function enter(
  directory: string,
  entry: Dirent,
  isAllowed: (realPath: string) => boolean,
): Promise<string | undefined> {
  const path = join(directory, entry.name);
  if (entry.isDirectory()) {
    return path;
  }
  if (!entry.isSymbolicLink()) {
    return undefined;
  }
  try {
    const real = await realpath(path);
    return isAllowed(real) && (await stat(real)).isDirectory() ? real : undefined;
  } catch {
    return undefined;
  }
}

/** The entries of a folder; none if it is not there, is no folder, may not be read or has too many. */
export async function readFolder(directory: string): Promise<readonly Dirent[]> {
  const entries: Dirent[] = [];
  try {
    for await (const entry of await opendir(directory, { bufferSize: 256 })) {
      if (entries.length === maxFolderEntries) {
        return [];
      }
      entries.push(entry);
    }
  } catch {
    return [];
  }
  return entries;
}

/** Whether there is nothing in a folder, or nothing but one folder in which there is nothing. */
export async function isEmptyFolder(directory: string, nesting: number = maxNesting): Promise<boolean> {
  try {
    let only: Dirent | undefined;
    for await (const entry of await opendir(directory)) {
      if (isLitter(entry.name)) continue;
      if (only !== undefined) return false;
      only = entry;
    }
    if (only === undefined) return true;
    return only.isDirectory() && nesting > 0 && (await isEmptyFolder(join(directory, only.name), nesting - 1));
  } catch {
    return false; // What cannot be read is not known to be empty.
  }
}

/** The `name` in a folder's manifest: where the model says that it belongs. */
export async function manifestName(directory: string): Promise<string | undefined> {
  const maxManifestBytes = 262_144;
  try {
    // Without blocking: opening a pipe of that name would otherwise hold a thread of the pool for ever.
    const file = await open(join(directory, "voxpool.json"), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      // As large as the file: this happens for each request, and a buffer of the largest size is costly to clear.
      const found = await file.stat();
      if (!found.isFile()) return undefined;
      const { size } = found;
      const room = Buffer.alloc(Math.min(size, maxManifestBytes));
      const { bytesRead, buffer } = await file.read(room, 0, room.length, 0);
      const manifest: unknown = JSON.parse(buffer.toString("utf8", 0, bytesRead));
      return typeof manifest === "object" &&
        manifest !== null &&
        "name" in manifest &&
        typeof manifest.name === "string"
        ? manifest.name
        : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined; // No manifest, or one that detection will complain about.
  }
}

/** Whether `path` is `directory` or lies below it; both are real paths. */
export function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/** The path below `directory` with `/` as separator; empty for the directory itself. */
export function pathBelow(directory: string, path: string): string {
  return relative(directory, path).split(sep).join("/");
}

async function holdsModelFiles(directory: string, entries: readonly Dirent[]): Promise<boolean> {
  if (entries.some(({ name }) => markers.has(name) || isNetwork(name))) {
    return true;
  }
  // icefall keeps the networks in exp/ and the tokens in data/.
  if (["exp", "data"].every((part) => entries.some(({ name }) => name === part))) {
    return (await readFolder(join(directory, "exp"))).some(({ name }) => isNetwork(name));
  }
  return entries.some(({ name }) => name === "am") && (await isFile(join(directory, "am", "final.mdl")));
}

/** The two formats of ONNX Runtime. */
function isNetwork(name: string): boolean {
  return /\.(onnx|ort)$/i.test(name);
}

async function numberedVersions(
  directory: string,
  entries: readonly Dirent[],
  isAllowed: (realPath: string) => boolean,
): Promise<readonly VersionFolder[]> {
  const numbers = entries.filter(({ name }) => isVersion(name)).toSorted((a, b) => Number(b.name) - Number(a.name));
  const found: VersionFolder[] = [];
  for (const entry of numbers.slice(0, maxVersions)) {
    const inner = await enter(directory, entry, isAllowed);
    const files = inner === undefined ? undefined : await filesIn(inner, isAllowed, maxNesting);
    if (files !== undefined) {
      found.push({ version: entry.name, directory: files });
    }
  }
  return found;
}

/** The folder with the files of a version: itself, or the one folder that it holds. */
async function filesIn(
  directory: string,
  isAllowed: (realPath: string) => boolean,
  nesting: number,
): Promise<string | undefined> {
  const entries = await readFolder(directory);
  if (await holdsModelFiles(directory, entries)) {
    return directory;
  }
  const inner = nesting === 0 ? undefined : await onlyFolder(directory, entries, isAllowed);
  return inner === undefined ? undefined : filesIn(inner, isAllowed, nesting - 1);
}

/** The folder that is all that a folder holds. */
async function onlyFolder(
  directory: string,
  entries: readonly Dirent[],
  isAllowed: (realPath: string) => boolean,
): Promise<string | undefined> {
  const [only, ...others] = entries.filter((entry) => !isLitter(entry.name));
  return only === undefined || others.length > 0 ? undefined : enter(directory, only, isAllowed);
}

/** Whole numbers that are exact as a JavaScript number; `01` is a name like any other. */
export function isVersion(name: string): boolean {
  return /^(0|[1-9]\d{0,14})$/.test(name);
}

/** What file managers and archivers leave behind; it does not count as content of a folder. */
function isLitter(name: string): boolean {
  return isHiddenName(name) || /^(thumbs\.db|desktop\.ini)$/i.test(name);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
