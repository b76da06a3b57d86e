import { realpath, stat } from "node:fs/promises";
import { isAbsolute, resolve, sep } from "node:path";
import { isVersion } from "./model-folder.ts";
import { namesOf, platformStyle, type Spelling } from "./model-path.ts";

/** A model directory as it was configured. */
export interface Root {
  /** What stands before the id in a model path: as configured, `/` as separator, without `./` and final slashes. */
  readonly shown: string;
  /** Absolute path. */
  readonly path: string;
}

/** A model directory that is there, with its real path. */
export interface PresentRoot extends Root {
  readonly real: string;
}

/** A place on the disk that a spelling may mean. */
export interface Place {
  readonly root: PresentRoot;
  /** Names below the root, without the version. */
  readonly names: readonly string[];
  /** What stood after `@`. */
  readonly version?: string;
}

/** A configured model directory. One that climbs (`../models`) is shown by its absolute path, since no model path may hold `..`. */
export function describeRoot(configured: string, workingDirectory: string): Root {
  const path = resolve(workingDirectory, configured);
  const names = namesOf(configured);
  const shown = isAbsolute(configured) || names.includes("..") ? path.split(sep).join("/") : names.join("/");
  return { shown, path };
}

/** The model directories that are there; a missing one is empty, not an error. */
export async function presentRoots(roots: readonly Root[]): Promise<readonly PresentRoot[]> {
  const present = await Promise.all(
    roots.map(async (root) => {
      try {
        const real = await realpath(root.path);
        return (await stat(real)).isDirectory() ? { ...root, real } : undefined;
      } catch {
        return undefined;
      }
    }),
  );
  return present.filter((root) => root !== undefined);
}

/** Whether an absolute spelling lies below a configured directory, whether that is there or not. */
export function isBelowAny(spelling: Spelling, roots: readonly Root[]): boolean {
  return roots.some((root) => startsWith(spelling.names, namesOf(root.path)));
}

/**
 * Where a spelling may lead, the best reading first. A path that starts with a model directory goes before a bare
 * id: it is the form that answers have, and that one has to name the same model each time. `cn@1` may be a folder
 * of that name or a version of `cn`; the folder comes first, or nothing could name it.
 */
export async function placesOf(
  { absolute, names }: Spelling,
  roots: readonly PresentRoot[],
  workingDirectory: string,
): Promise<readonly Place[]> {
  const places = await Promise.all(
    readVersion(names).map(async (read) => {
      const found = absolute
        ? await belowRoots(roots, read.names)
        : relativePlaces(roots, read.names, namesOf(workingDirectory));
      return found.map((place) => (read.version === undefined ? place : { ...place, version: read.version }));
    }),
  );
  return places.flat();
}

function readVersion(names: readonly string[]): readonly Pick<Place, "names" | "version">[] {
  const last = names.at(-1) ?? "";
  const at = last.lastIndexOf("@");
  return at <= 0 || !isVersion(last.slice(at + 1))
    ? [{ names }]
    : [{ names }, { names: [...names.slice(0, -1), last.slice(0, at)], version: last.slice(at + 1) }];
}

function relativePlaces(
  roots: readonly PresentRoot[],
  names: readonly string[],
  workingNames: readonly string[],
): readonly Place[] {
  const fromTop = roots.flatMap((root) => below(root, [...workingNames, ...names]));
  const bare = roots.map((root) => ({ root, names }));
  // `model/cn` from a client that knows only the default, for a server with `--model-dir /data/model`.
  const named = roots.filter((root) => namesOf(root.path).at(-1) === names[0]);
  return [...fromTop, ...bare, ...named.map((root) => ({ root, names: names.slice(1) }))];
}

async function belowRoots(roots: readonly PresentRoot[], names: readonly string[]): Promise<readonly Place[]> {
  const places = roots.flatMap((root) => below(root, names));
  return places.length > 0 ? places : belowSameFolder(roots, names);
}

/** The rest of a path from the top that starts with the root, by its configured or its real path. */
function below(root: PresentRoot, names: readonly string[]): readonly Place[] {
  for (const top of [namesOf(root.path), namesOf(root.real)]) {
    if (startsWith(names, top)) {
      return [{ root, names: names.slice(top.length) }];
    }
  }
  return [];
}

/**
 * The same through other links or in other case (`/tmp` on macOS is `/private/tmp`): whether an ancestor is the
 * root itself. Not on Windows, where looking at a path of somebody else's choosing may call a remote machine.
 */
async function belowSameFolder(roots: readonly PresentRoot[], names: readonly string[]): Promise<readonly Place[]> {
  if (platformStyle === "win32") {
    return [];
  }
  const tops = await Promise.all(roots.map((root) => identityOf(root.real)));
  for (let count = 1; count <= names.length; count++) {
    const identity = await identityOf(`/${names.slice(0, count).join("/")}`);
    if (identity === undefined) {
      return [];
    }
    const root = roots[tops.indexOf(identity)];
    if (root !== undefined) {
      return [{ root, names: names.slice(count) }];
    }
  }
  return [];
}

async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function startsWith(names: readonly string[], top: readonly string[]): boolean {
  return top.every((name, index) => sameName(name, names[index]));
}

function sameName(ours: string, theirs: string | undefined): boolean {
  if (theirs === undefined) {
    return false;
  }
  const [a, b] = [ours.normalize("NFC"), theirs.normalize("NFC")];
  return platformStyle === "win32" ? a.toLowerCase() === b.toLowerCase() : a === b;
}
