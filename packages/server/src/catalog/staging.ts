import { mkdir, readdir, rename, rm, rmdir, unlink } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { VoxpoolError } from "../base/errors.ts";
import { makeFolder } from "../base/folders.ts";
import { newStaging, sweepStaging } from "./claims.ts";
import { diskError } from "./disk.ts";

export interface StagedFolder {
  /** The folder, as it is to be in the end. */
  readonly target: string;
  /** A directory on the same disk, in which the unfinished folder is built under a hidden name. */
  readonly near: string;
  /** What it is, in messages. */
  readonly name: string;
  /** Whether there is already a finished one; another process may have been faster. */
  readonly isThere: () => Promise<boolean>;
}

/**
 * Builds a folder out of sight and moves it into place in one step: it is there whole, or not at all, whatever
 * ends the process. Two that build the same at once both succeed; one result stays.
 * @returns `built`: this one's result is in place; `there`: another's was there first; `blocked`: other files are in
 * the way
 */
export async function buildFolder(
  folder: StagedFolder,
  build: (directory: string) => Promise<void>,
): Promise<"built" | "there" | "blocked"> {
  try {
    await makeFolder(folder.near);
    await sweepStaging(folder.near);
    const staging = newStaging(folder.near);
    await mkdir(staging);
    try {
      await build(staging);
      return await place(staging, folder);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  } catch (error) {
    throw notWritable(diskError(error, folder.name), folder.near);
  }
}

function notWritable(error: unknown, directory: string): unknown {
  const code = codeOf(error);
  if (code !== "EACCES" && code !== "EROFS" && code !== "EPERM") {
    return error;
  }
  const source = blamed(error, directory);
  const detail = `it cannot be written to (${code}); choose another directory or change its permissions`;
  return new VoxpoolError("config_invalid", { source, detail }, { cause: error });
}

/** The directory itself for what is in it; else where the file is that the error is about: downloads lie elsewhere. */
function blamed(error: unknown, directory: string): string {
  const path = error instanceof Error && "path" in error && typeof error.path === "string" ? error.path : directory;
  const below = relative(resolve(directory), resolve(path));
  return below.startsWith("..") || isAbsolute(below) ? dirname(path) : directory;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

async function place(staging: string, { target, isThere }: StagedFolder): Promise<"built" | "there" | "blocked"> {
  try {
    await makeFolder(dirname(target));
    await clearAway(target).catch(() => undefined); // An empty folder is in the way on Windows.
    await rename(staging, target);
    return "built";
  } catch (error) {
    if (await isThere()) {
      return "there";
    }
    if (["ENOTEMPTY", "EEXIST", "ENOTDIR"].some((code) => code === codeOf(error))) {
      return "blocked";
    }
    throw error;
  }
}

/** Removes a folder in which there is nothing but empty folders and what file managers leave; any other file stops it. */
async function clearAway(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await clearAway(path);
    else if (/^(\.DS_Store|\.gitkeep|thumbs\.db|desktop\.ini)$/i.test(entry.name)) await unlink(path);
    else return;
  }
  await rmdir(directory);
}
