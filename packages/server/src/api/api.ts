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
    availableModels: () => availableModels(parts),
    modelStatus: (modelPath) => modelStatus(parts, modelPath),
    loadModel: (request) => loadModel(parts, request),
    unloadModel: (request) => unloadModel(parts, request),
    transcribe: createTranscribe(parts),
  };
}
