import type { Log } from "../base/log.ts";
import type { Config } from "../base/settings.ts";
import { createAssetStore } from "../catalog/assets.ts";
import { createCatalog } from "../catalog/catalog.ts";
import { endpointSettings } from "../catalog/endpoints.ts";
import { assetNames } from "../catalog/known-assets.ts";
import { knownModels } from "../catalog/known-models.ts";
import { type PullEvent, type PullOptions, pull } from "../catalog/pull.ts";

export interface ComposeCatalog {
  readonly stateDir: string;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
}

/** The models on the disk, and what can be fetched. */
export function composeCatalog(config: Config, { stateDir, signal, log, onProgress }: ComposeCatalog) {
  const sources = { stateDir, ...endpointSettings(config), signal, log, ...(onProgress && { onProgress }) };
  return {
    catalog: createCatalog({ modelDirs: config.model_dir, fakeEngine: config["engine.fake"] }),
    assets: createAssetStore({ ...sources, voskLibrary: config["vosk.library"] }),
    known: { known: knownModels, partNames: assetNames },
    fetch: fetcher({ ...sources, modelDir: config.model_dir[0] ?? "model" }),
  };
}

/** Pulls by name; whoever started the server hears of them as well as whoever asked. */
function fetcher(options: PullOptions) {
  return (name: string, tell: (event: PullEvent) => void): ReturnType<typeof pull> => {
    const progress = (event: PullEvent): void => {
      tell(event);
      options.onProgress?.(event);
    };
    return pull(name, { ...options, onProgress: progress });
  };
}
