import type { Dirent } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { isInside, readFolder } from "./model-folder.ts";
import { isHiddenName } from "./model-path.ts";

/** Where a walk ended. */
export type Walked =
  | { readonly kind: "folder"; readonly directory: string }
  | { readonly kind: "absent" }
  /** A link leads out of the model directories. */
  | { readonly kind: "outside" };

/**
 * Follows names down from a model directory. What a caller sent is only ever compared with the names that are on
 * the disk, never handed to the operating system: device names, streams, short names and the like find nothing.
 * @param root real path of the model directory
 * @param roots real paths of all model directories; links may lead from one into another
 */
export async function walk(root: string, names: readonly string[], roots: readonly string[]): Promise<Walked> {
  let directory = root;
  for (const name of names) {
    const entry = await findEntry(directory, name);
    if (entry === undefined) {
      return { kind: "absent" };
    }
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      directory = path;
      continue;
    }
    const real = entry.isSymbolicLink() ? await realFolder(path) : undefined;
    if (real === undefined) {
      return { kind: "absent" };
    }
    if (!roots.some((one) => isInside(real, one))) {
      return { kind: "outside" };
    }
    directory = real;
  }
  return { kind: "folder", directory };
}

/** The entry that a name means: spelled so, else the same in Unicode, else the same to this file system. */
async function findEntry(directory: string, name: string): Promise<Dirent | undefined> {
  if (isHiddenName(name)) {
    return undefined;
  }
  const entries = await readFolder(directory);
  const normal = name.normalize("NFC");
  return (
    entries.find((entry) => entry.name === name) ??
    entries.find((entry) => entry.name.normalize("NFC") === normal) ??
    (await findIgnoringCase(directory, name, entries))
  );
}

/** Only where the file system itself takes both spellings for one file. */
async function findIgnoringCase(
  directory: string,
  name: string,
  entries: readonly Dirent[],
): Promise<Dirent | undefined> {
  const folded = name.normalize("NFC").toLowerCase();
  const entry = entries.find((one) => one.name.normalize("NFC").toLowerCase() === folded);
  if (entry === undefined) {
    return undefined;
  }
  try {
    const asked = await stat(join(directory, name), { bigint: true });
    const there = await stat(join(directory, entry.name), { bigint: true });
    return asked.ino === there.ino && asked.dev === there.dev ? entry : undefined;
  } catch {
    return undefined;
  }
}

async function realFolder(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    return (await stat(real)).isDirectory() ? real : undefined;
  } catch {
    return undefined; // A broken link, or links in a circle.
  }
}
