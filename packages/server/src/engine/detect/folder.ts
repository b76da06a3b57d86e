import { opendir, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, sep } from "node:path";
import { VoxpoolError } from "../../base/errors.ts";
import { errorCode } from "./invalid.ts";

/** A file of a model folder, as far as a look from outside tells. */
export interface FolderFile {
  /** Path below the folder, `/` as separator. */
  readonly name: string;
  /** Absolute; of a link, what it points to. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Why it must not be opened, for example because it is a link out of the folder. */
  readonly problem?: string;
  /** There is nothing of that name. */
  readonly missing?: boolean;
}

/** More entries than any model has: a folder with more is somebody's disk, not a model. */
const maxEntries = 4096;

/** How many folders may stand around the one with the files. */
const maxWrappers = 3;

/**
 * The folder that holds the model's files: a folder that holds nothing but one folder stands for that one
 * (archives unpack so).
 * @returns its real path
 * @throws VoxpoolError `model_files_invalid` when it cannot be read
 */
export async function modelFolder(directory: string): Promise<string> {
  let folder = await reading(directory, () => realpath(directory));
  for (let wrapper = 0; wrapper < maxWrappers; wrapper++) {
    const entries = await entriesOf(folder);
    const only = entries[0];
    if (entries.length !== 1 || only === undefined || !only.isDirectory()) return folder;
    folder = join(folder, only.name);
  }
  return folder;
}

/**
 * The files of a folder and of those subfolders that are named; nothing deeper.
 * @param directory absolute and real
 * @param subfolders paths below it, `/` as separator; those that are missing are left out
 * @param alike names of further subfolders directly below it
 * @throws VoxpoolError `model_files_invalid` when it cannot be read, `model_unrecognised` when it has too many entries
 */
export async function listFolder(
  directory: string,
  subfolders: readonly string[],
  alike?: RegExp,
): Promise<readonly FolderFile[]> {
  const files: FolderFile[] = [];
  const folders = new Set(["", ...subfolders]);
  for (const folder of folders) {
    if (folder !== "" && !(await isRealFolder(join(directory, folder)))) continue;
    for (const entry of await entriesOf(join(directory, folder))) {
      if (!entry.isDirectory())
        files.push(await inspect(directory, folder === "" ? entry.name : `${folder}/${entry.name}`));
      else if (folder === "" && alike?.test(entry.name) === true) folders.add(entry.name);
    }
  }
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * One file, for example one that a manifest names.
 * @param directory absolute and real
 * @param name path below the folder; anything else is a `problem`
 */
export async function inspect(directory: string, name: string): Promise<FolderFile> {
  const problem = problemOfName(name);
  if (problem !== undefined) return { name, path: "", sizeBytes: 0, problem };
  try {
    const path = await realpath(join(directory, name));
    const stats = await stat(path);
    const found = { name, path, sizeBytes: stats.size };
    if (!path.startsWith(directory + sep)) return { ...found, problem: "is a link that leads out of the folder" };
    return stats.isFile() ? found : { ...found, problem: "is no regular file" };
  } catch (error) {
    const code = errorCode(error);
    return { name, path: "", sizeBytes: 0, problem: `cannot be read (${code})`, missing: code === "ENOENT" };
  }
}

function problemOfName(name: string): string | undefined {
  const leaves = name.split(/[/\\]/).includes("..") || isAbsolute(name) || /^([/\\]|[a-z]:)/i.test(name);
  if (leaves) return "is no path inside the folder";
  return name === "" || name.includes("\0") ? "is no name of a file" : undefined;
}

async function isRealFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory() && (await realpath(path)) === path;
  } catch {
    return false;
  }
}

/** What is in a folder, without hidden files and what archivers of macOS leave. */
async function entriesOf(folder: string) {
  return reading(folder, async () => {
    const entries = [];
    for await (const entry of await opendir(folder)) {
      if (entry.name.startsWith(".") || entry.name === "__MACOSX") continue;
      if (entries.length === maxEntries) {
        throw new VoxpoolError("model_unrecognised", { detail: `it has more than ${maxEntries} entries` });
      }
      entries.push(entry);
    }
    return entries;
  });
}

async function reading<T>(folder: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof VoxpoolError) throw error;
    const detail = `the folder cannot be read (${errorCode(error)})`;
    throw new VoxpoolError("model_files_invalid", { detail, folder }, { cause: error });
  }
}
