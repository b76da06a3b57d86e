import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Names } from "../pool/names.ts";
import type { Pool } from "../pool/types.ts";

export interface PreloadParts {
  readonly names: Names;
  readonly pool: Pool;
  readonly log: Log;
}

/**
 * Loads models one after the other, so that they are warm before the first request. Nobody holds them: they idle out
 * like others, unless they are pinned. One that fails is told, and the others are loaded all the same.
 * @param paths model paths, aliases, or directories inside the model directories
 */
export async function preloadModels({ names, pool, log }: PreloadParts, paths: Iterable<string>): Promise<void> {
  for (const path of new Set(paths)) {
    try {
      const folder = await names.resolve(path);
      const { loadSeconds } = await pool.load(folder);
      log.info({ model_path: folder.modelPath, load_seconds: loadSeconds ?? 0 }, "A model is loaded and warm");
    } catch (error) {
      const { reason, message } = VoxpoolError.from(error);
      if (reason === "server_stopping") return;
      log.error({ model_path: path, reason, detail: message }, "A model could not be loaded at the start");
    }
  }
}
