import type { SwitchRequest } from "@voxpool/client/contract";
import { VoxpoolError } from "../base/errors.ts";
import { pathWithoutVersion, pathWithVersion } from "../base/versioned-path.ts";
import type { Catalog, ModelFolder } from "../catalog/catalog.ts";
import { aliasTarget, type Names } from "../pool/names.ts";
import type { Hold } from "../pool/types.ts";
import type { HoldNames } from "./hold-names.ts";

/** A name whose meaning can be moved: the plain path of a model, or an alias. */
export interface MovableName {
  readonly key: string;
  /** As callers write it. */
  readonly shown: string;
  /** What it means now; undefined: nothing that is there. */
  means(): Promise<Destination | undefined>;
  /** What it means it goes on meaning, also after a restart: a newer version that lies there has to pass first. */
  settle(now: Destination): void;
  /** From now on it means this. */
  point(to: Destination): void;
  /** Whether who has this hold on a version took it by this name. */
  follows(hold: Hold, folder: ModelFolder): boolean;
}

/** A version, and what an alias keeps that is pointed to it. */
export interface Destination {
  readonly folder: ModelFolder;
  readonly target: string;
}

export interface NameParts {
  readonly catalog: Pick<Catalog, "resolve" | "versions">;
  readonly names: Names;
  readonly holdNames: HoldNames;
}

/**
 * What a request wants to move, and to where.
 * @throws VoxpoolError `option_invalid`, `alias_not_found`, `version_not_found` and those of a path
 */
export async function readSwitch(
  parts: NameParts,
  { model_path, version, to }: SwitchRequest,
): Promise<{ readonly name: MovableName; readonly to: Destination }> {
  const isAlias = parts.names.target(model_path) !== undefined;
  if (to !== undefined) {
    if (!isAlias) throw new VoxpoolError("alias_not_found", { alias: model_path.slice(0, 200) });
    if (version !== undefined) throw invalid("version", "an alias is moved with to alone, for example model/cn@2");
    const given = parts.names.target(to) ?? to;
    const folder = await parts.names.resolve(given);
    return { name: aliasName(parts, model_path), to: { folder, target: aliasTarget(given, folder) } };
  }
  if (isAlias || parts.names.target(withoutVersion(model_path)) !== undefined) {
    throw invalid("to", "an alias is moved: say where to, or switch the version of its model");
  }
  return readVersion(parts, model_path, version);
}

const withoutVersion = (path: string): string => path.replace(/@\d+\/?$/, "");

async function readVersion(parts: NameParts, modelPath: string, version: string | undefined) {
  const [, plain = modelPath, written] = /^(.+)@(\d+)\/?$/.exec(modelPath) ?? [];
  const wanted = version ?? written;
  const base = pathWithoutVersion(await parts.names.resolve(plain));
  const folder = await (wanted === undefined ? parts.catalog.resolve(base) : numbered(parts, base, wanted));
  // By its number: until it takes over, the plain path is the other one's.
  const target = pathWithVersion(folder);
  return { name: modelName(parts, base), to: { folder: { ...folder, modelPath: target }, target } };
}

async function numbered({ catalog }: NameParts, base: string, version: string): Promise<ModelFolder> {
  const versions = await catalog.versions(base);
  if (versions.includes(version)) return catalog.resolve(`${base}@${version}`);
  throw new VoxpoolError("version_not_found", {
    model_path: base,
    version,
    versions: versions.slice(0, 20).join(", "),
  });
}

function modelName({ names, holdNames }: NameParts, base: string): MovableName {
  return {
    key: `model:${base}`,
    shown: base,
    async means() {
      const folder = await thereIs(names.resolve(base));
      return folder && { folder, target: pathWithVersion(folder) };
    },
    settle({ folder }) {
      if (names.chosenVersion(folder) === undefined) names.choose(folder, folder.version);
    },
    point: ({ folder }) => names.choose(folder, folder.version),
    follows: (hold, { directory }) => holdNames.of(directory, hold)?.isVersion !== true,
  };
}

function aliasName({ names, holdNames }: NameParts, alias: string): MovableName {
  return {
    key: `alias:${alias}`,
    shown: alias,
    async means() {
      const target = names.target(alias);
      const folder = target === undefined ? undefined : await thereIs(names.resolve(target));
      return folder && target !== undefined ? { folder, target } : undefined;
    },
    settle: () => undefined,
    point: ({ target }) => names.setAlias(alias, target),
    follows: (hold, { directory }) => holdNames.of(directory, hold)?.alias === alias,
  };
}

async function thereIs(resolving: Promise<ModelFolder>): Promise<ModelFolder | undefined> {
  return resolving.catch((error: unknown) => {
    if (error instanceof VoxpoolError && error.reason === "model_not_found") return undefined;
    throw error;
  });
}

const invalid = (option: string, detail: string) => new VoxpoolError("option_invalid", { option, detail });
