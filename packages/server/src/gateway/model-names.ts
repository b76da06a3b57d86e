import type { AvailableModels } from "@voxpool/client/contract";

/**
 * What models are called in protocols, by their model_path: their id, unless another directory has one of the same id
 * before it.
 */
export function namesByPath({ models }: AvailableModels): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    Object.entries(models).map(([path, { id }]) => {
      const name = taken.has(id) ? path : id;
      taken.add(id);
      return [path, name];
    }),
  );
}
