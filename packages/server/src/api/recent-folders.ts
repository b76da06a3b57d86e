import type { Catalog, ModelFolder } from "../catalog/catalog.ts";
import type { Pool } from "../pool/types.ts";

/** How long what a path means is believed. A new version of a loaded model is noticed so much later. */
const rememberedMs = 1000;
const mostRemembered = 100;

interface Remembered {
  readonly folder: ModelFolder;
  readonly at: number;
}

/**
 * A catalog that looks a path up on the disk once in a moment, as long as its model is loaded: some twenty looks at
 * the disk for each request cost more than all else that the server does for a short recording.
 */
export function rememberFolders(
  catalog: Catalog,
  pool: Pick<Pool, "find">,
  nowMs: () => number = () => performance.now(),
): Catalog {
  const known = new Map<string, Remembered>();
  return {
    ...catalog,
    async resolve(modelPath) {
      const found = known.get(modelPath);
      if (found !== undefined && nowMs() - found.at < rememberedMs && pool.find(found.folder)?.state === "ready") {
        return found.folder;
      }
      const at = nowMs();
      const folder = await catalog.resolve(modelPath);
      if (known.size >= mostRemembered) known.clear();
      known.set(modelPath, { folder, at });
      return folder;
    },
  };
}
