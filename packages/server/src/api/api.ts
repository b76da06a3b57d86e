import { availableModels, listModels, loadModel, type ModelParts, modelStatus, unloadModel } from "./models.ts";
import { createTranscribe, type TranscribeParts } from "./transcribe.ts";
import type { Api } from "./types.ts";

export interface ApiParts extends ModelParts, TranscribeParts {
  /** Version of voxpool, for `health`. */
  readonly version: string;
}

/** All use cases over one pool. */
export function createApi(parts: ApiParts): Api {
  return {
    health() {
      const loaded = listModels(parts).count;
      return { success: true, status: "running", loaded_models_count: loaded, version: parts.version };
    },
    listModels: () => listModels(parts),
    availableModels: (language = "en") => availableModels(parts, language),
    modelStatus: (modelPath, language = "en") => modelStatus(parts, modelPath, language),
    loadModel: (request, caller) => loadModel(parts, request, caller),
    unloadModel: (request, caller) => unloadModel(parts, request, caller),
    transcribe: createTranscribe(parts),
  };
}
