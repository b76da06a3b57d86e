import { VoxpoolError } from "../base/errors.ts";
import { detect } from "../engine/detect/detect.ts";
import type { ModelSpec } from "../engine/engine.ts";
import { fingerprint } from "./fingerprint.ts";
import { type Identified, identify } from "./identify.ts";
import { knownModels } from "./known-models.ts";
import { listModels } from "./listing.ts";
import { isEmptyFolder, isInside, pathBelow, versionsIn } from "./model-folder.ts";
import { invalidPath, printable, readSpellings } from "./model-path.ts";
import { describeRoot, isBelowAny, type Place, type PresentRoot, placesOf, presentRoots, type Root } from "./roots.ts";
import type { Catalog, ModelFolder } from "./types.ts";
import { nameHint } from "./unknown-name.ts";
import { walk } from "./walk.ts";

export type { AssetStore, Catalog, ModelFolder } from "./types.ts";

export interface CatalogOptions {
  /** Directories that hold models, the preferred first. One that is missing is empty; one that is itself a model is that one model. */
  readonly modelDirs: readonly string[];
  /** What relative paths are relative to; the process's own by default. */
  readonly workingDirectory?: string;
  /** Whether folders with a fake.json are models. */
  readonly fakeEngine?: boolean;
}

/** The models in some directories. Nothing is kept between calls. */
export function createCatalog(options: CatalogOptions): Catalog {
  const workingDirectory = options.workingDirectory ?? process.cwd();
  const roots = options.modelDirs.map((configured) => describeRoot(configured, workingDirectory));
  const modelDirs = roots.map((root) => root.shown || ".");
  return {
    modelDirs,
    resolve: (modelPath) => resolve(modelPath, { roots, modelDirs, workingDirectory }),
    versions: (modelPath) => versions(modelPath, { roots, modelDirs, workingDirectory }),
    describe: (folder) => describe(folder, options.fakeEngine ?? false),
    fingerprint: (folder) => fingerprint(folder.directory),
    list: async () => listModels(await presentRoots(roots)),
  };
}

interface Surroundings {
  readonly roots: readonly Root[];
  readonly modelDirs: readonly string[];
  readonly workingDirectory: string;
}

async function resolve(modelPath: string, { roots, modelDirs, workingDirectory }: Surroundings): Promise<ModelFolder> {
  const spellings = readSpellings(modelPath, modelDirs);
  const present = await presentRoots(roots);
  const places = (await Promise.all(spellings.map((one) => placesOf(one, present, workingDirectory)))).flat();
  let noModel: ModelFolder | undefined;
  for (const place of places) {
    const found = await lookAt(place, present, () => {
      throw invalidPath(modelPath, "a link in it leads out of the model directories", modelDirs);
    });
    if (found?.isModel) {
      return found.folder;
    }
    noModel ??= found?.folder;
  }
  if (noModel !== undefined) {
    if (await isEmptyFolder(noModel.directory)) throw emptyFolder(noModel);
    return noModel;
  }
  const outside = spellings.map((one) => one.absolute && !isBelowAny(one, roots));
  if (outside.includes(true) && spellings.every((one, index) => !one.absolute || outside[index])) {
    throw invalidPath(modelPath, "it lies outside the model directories", modelDirs);
  }
  const hint = nameHint(modelPath, await namesThere(present));
  throw new VoxpoolError("model_not_found", { model_path: printable(modelPath), hint });
}

/** All that models are called: a folder in which one folder is the whole model gives its name to it, but has both. */
async function namesThere(present: readonly PresentRoot[]): Promise<readonly string[]> {
  const models = await listModels(present);
  const folders = present.flatMap(({ real }) =>
    models.filter(({ directory }) => isInside(directory, real)).map(({ directory }) => pathBelow(real, directory)),
  );
  const names = models.flatMap(({ id, modelPath }) => [id, modelPath]);
  return [...names, ...folders];
}

/** The folder is often made before its files are there; it is then no model, and the error says how it becomes one. */
function emptyFolder({ id, modelPath }: ModelFolder): VoxpoolError {
  const isKnown = knownModels.some(({ name }) => name === id);
  const command = isKnown ? `voxpool pull ${id}` : `voxpool pull NAME --as ${printable(id)}`;
  return new VoxpoolError("model_folder_empty", { model_path: printable(modelPath), command });
}

async function versions(modelPath: string, { roots, modelDirs, workingDirectory }: Surroundings): Promise<string[]> {
  const spellings = readSpellings(modelPath, modelDirs);
  const present = await presentRoots(roots);
  const real = present.map((root) => root.real);
  const isAllowed = (path: string) => real.some((one) => isInside(path, one));
  for (const { root, names } of (
    await Promise.all(spellings.map((one) => placesOf(one, present, workingDirectory)))
  ).flat()) {
    const walked = await walk(root.real, names, real);
    const found = walked.kind === "folder" ? await versionsIn(walked.directory, isAllowed) : [];
    if (found.length > 0) return found.map(({ version }) => version);
  }
  return [];
}

async function lookAt(
  { root, names, version }: Place,
  present: readonly PresentRoot[],
  refuse: () => never,
): Promise<Identified | undefined> {
  const walked = await walk(
    root.real,
    names,
    present.map(({ real }) => real),
  );
  if (walked.kind === "outside") {
    refuse();
  }
  return walked.kind === "folder" ? identify(walked.directory, version, present) : undefined;
}

async function describe(folder: ModelFolder, fakeEngine: boolean): Promise<ModelSpec> {
  try {
    return await detect(folder.directory, { fakeEngine });
  } catch (error) {
    if (error instanceof VoxpoolError) {
      // Callers know the model by its model path; where it lies on this machine is not theirs to see.
      throw new VoxpoolError(error.reason, hidePath(error.details, folder), { cause: error });
    }
    throw error;
  }
}

function hidePath(details: VoxpoolError["details"], folder: ModelFolder): VoxpoolError["details"] {
  const shown = Object.entries(details).map(([key, value]) => [
    key,
    typeof value === "string" ? value.replaceAll(folder.directory, () => folder.modelPath) : value,
  ]);
  return { ...Object.fromEntries(shown), model_path: folder.modelPath };
}
