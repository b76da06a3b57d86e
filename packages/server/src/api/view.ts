import type { ModelPatterns } from "../access/model-patterns.ts";
import type { Principal } from "../access/principal.ts";
import { VoxpoolError } from "../base/errors.ts";
import type { Catalog, ModelFolder } from "../catalog/catalog.ts";
import type { Names } from "../pool/names.ts";
import type { Pool } from "../pool/types.ts";

interface ViewedParts {
  readonly catalog: Catalog;
  readonly names: Names;
  readonly pool: Pool;
}

/**
 * The parts as a caller sees them: what its key may not see is not there, in lists, by its path, by an alias, and for
 * those who name no model. Use cases work on a view alone, so that none of them has to think of it.
 */
export function viewOf<Parts extends ViewedParts>(parts: Parts, principal: Principal | undefined): Parts {
  const models = principal?.models;
  if (models === undefined) return parts;
  const { catalog, names, pool } = parts;
  return {
    ...parts,
    catalog: withMethods(catalog, {
      resolve: (path) => seenOnly(path, models, (wanted) => catalog.resolve(wanted)),
      list: async () => (await catalog.list()).filter((folder) => models.includes(folder)),
    }),
    names: namesFor(names, principal),
    pool: withMethods(pool, { list: () => pool.list().filter(({ folder }) => models.includes(folder)) }),
  };
}

/** Names as a caller sees them. */
export function namesFor(names: Names, principal: Principal | undefined): Names {
  return principal?.models === undefined ? names : withMethods(names, seenNames(names, principal.models));
}

function seenNames(names: Names, models: ModelPatterns): Partial<Names> {
  const seesTarget = (target: string) => models.includes({ modelPath: target, version: /@(\d+)$/.exec(target)?.[1] });
  const target = (alias: string) => {
    const found = names.target(alias);
    return found !== undefined && seesTarget(found) ? found : undefined;
  };
  return {
    resolve: (path) => seenOnly(path, models, (wanted) => names.resolve(wanted)),
    target,
    aliases: () => names.aliases().filter(([, found]) => seesTarget(found)),
    setAlias(alias, to) {
      if (names.target(alias) !== undefined && target(alias) === undefined) {
        throw new VoxpoolError("alias_invalid", { alias, detail: "it is taken" });
      }
      names.setAlias(alias, to);
    },
  };
}

/** A model that may not be seen fails as one that is not there; hints would name others that may not be seen. */
async function seenOnly(
  path: string,
  models: ModelPatterns,
  resolve: (path: string) => Promise<ModelFolder>,
): Promise<ModelFolder> {
  const found = await resolve(path).catch((error: unknown) => {
    if (!(error instanceof VoxpoolError)) throw error;
    const named = error.details["model_path"];
    const isSeen = typeof named === "string" && models.includes({ modelPath: named });
    if (error.reason === "model_path_invalid" || (isSeen && error.reason !== "model_not_found")) throw error;
    return undefined;
  });
  if (found !== undefined && models.includes(found)) return found;
  throw new VoxpoolError("model_not_found", { model_path: path.slice(0, 200), hint: "" });
}

/** The same object with some methods of its own. */
function withMethods<T extends object>(object: T, methods: Partial<T>): T {
  return new Proxy(object, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name);
      // Private fields are the object's alone.
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
