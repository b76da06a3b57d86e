import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Somebody may remove a folder above while the one below is made; so often it is begun again. */
const mostAttempts = 5;

/**
 * Makes a folder with all that are missing above it; one that is there is as good.
 *
 * Node's own `mkdir` with `recursive` never ends, and keeps the process from ending, where the system says of a folder
 * that is there that it is not (below `/proc`). Here every folder is tried once.
 * @param mode of those that are made; `0o777` without the mask of the process if it is left out
 * @throws what the system says: `ENOTDIR` or `EEXIST` if a file is in the way, `EACCES`, `ENOSPC` …
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      for (const folder of await missingFolders(path)) await makeOne(folder, mode);
      return;
    } catch (error) {
      if (codeOf(error) !== "ENOENT" || attempt === mostAttempts) throw error;
    }
  }
}

/** The uppermost first. */
async function missingFolders(path: string): Promise<readonly string[]> {
  const missing: string[] = [];
  let at = resolve(path);
  while (!(await isFolder(at))) {
    missing.unshift(at);
    if (dirname(at) === at) break;
    at = dirname(at);
  }
  return missing;
}

async function makeOne(folder: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(folder, mode === undefined ? {} : { mode });
  } catch (error) {
    // Somebody else was faster.
    if (codeOf(error) !== "EEXIST" || !(await isFolder(folder))) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info?.isDirectory() === true;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
