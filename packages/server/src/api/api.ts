import { findInCatalog, searchCatalog } from "../catalog/search.ts";
import { listAliases, pinModel, reloadModel, renewHolds, setAlias } from "./administration.ts";
import {
  availableModels,
  countLoaded,
  listModels,
  loadModel,
  type ModelParts,
  modelStatus,
  unloadModel,
} from "./models.ts";
import { createPulls, type PullParts } from "./pulls.ts";
import { createTranscribe, type TranscribeParts } from "./transcribe.ts";
import type { Api } from "./types.ts";
import { type WarmUpParts, warmUpModel } from "./warm-up-model.ts";

export interface ApiParts extends ModelParts, TranscribeParts, PullParts, WarmUpParts {
  /** Version of voxpool, for `health`. */
  readonly version: string;
}

/** All use cases over one pool. */
export function createApi(parts: ApiParts): Api {
  const transcribe = createTranscribe(parts);
  return {
    health() {
      return { success: true, status: "running", loaded_models_count: countLoaded(parts), version: parts.version };
    },
    listModels: () => listModels(parts),
    availableModels: (language = "en") => availableModels(parts, language),
    modelStatus: (modelPath, language = "en") => modelStatus(parts, modelPath, language),
    loadModel: (request, caller) => loadModel(parts, request, caller),
    unloadModel: (request, caller) => unloadModel(parts, request, caller),
    renewHolds: (request, caller) => renewHolds(parts, request, caller),
    warmUpModel: (request, caller) => warmUpModel(parts, transcribe, request, caller),
    reloadModel: (request, caller) => reloadModel(parts, request, caller),
    pinModel: (request, caller) => pinModel(parts, request, caller),
    listAliases: () => listAliases(parts),
    setAlias: (request, caller) => setAlias(parts, request, caller),
    async searchCatalog(query, language) {
      const models = await searchCatalog(parts.known, parts.catalog, query, language);
      return { success: true, models, count: models.length };
    },
    async catalogDetails(name, language) {
      return { success: true, model: await findInCatalog(parts.known, parts.catalog, name, language) };
    },
    pullModel: createPulls(parts),
    transcribe,
  };
}
