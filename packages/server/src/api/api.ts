import type { Audit } from "../base/audit.ts";
import { findInCatalog, searchCatalog } from "../catalog/search.ts";
import type { Switches } from "../rollout/types.ts";
import { listAliases, pinModel, reloadModel, renewHolds, setAlias } from "./administration.ts";
import { auditedCalls, auditedPull } from "./audited.ts";
import { runBatch } from "./batch.ts";
import { createLive, type LiveParts } from "./live.ts";
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
import { switchModel } from "./switch.ts";
import { createTranscribe, type TranscribeParts } from "./transcribe.ts";
import type { Api } from "./types.ts";
import { type WarmUpParts, warmUpModel } from "./warm-up-model.ts";
import { type WatchedLiveParts, watchedLive } from "./watched-live.ts";

export interface ApiParts extends ModelParts, TranscribeParts, LiveParts, PullParts, WarmUpParts, WatchedLiveParts {
  /** Version of voxpool, for `health`. */
  readonly version: string;
  readonly switches: Switches;
  readonly audit: Audit;
}

/** All use cases over one pool. */
export function createApi(parts: ApiParts): Api {
  const transcribe = createTranscribe(parts);
  const kept = async <T>(changing: Promise<T>): Promise<T> => {
    const answer = await changing;
    await parts.kept();
    return answer;
  };
  const calls = auditedCalls(parts.audit, {
    loadModel: (request, caller) => loadModel(parts, request, caller),
    unloadModel: (request, caller) => unloadModel(parts, request, caller),
    warmUpModel: (request, caller) => warmUpModel(parts, transcribe, request, caller),
    reloadModel: (request, caller) => reloadModel(parts, request, caller),
    pinModel: (request, caller) => kept(pinModel(parts, request, caller)),
    setAlias: (request, caller) => kept(setAlias(parts, request, caller)),
    switchModel: (request, caller) => kept(switchModel(parts, request, caller)),
  });
  return {
    ...calls,
    health() {
      return { success: true, status: "running", loaded_models_count: countLoaded(parts), version: parts.version };
    },
    listModels: () => listModels(parts),
    availableModels: (language = "en") => availableModels(parts, language),
    modelStatus: (modelPath, language = "en") => modelStatus(parts, modelPath, language),
    renewHolds: (request, caller) => renewHolds(parts, request, caller),
    listAliases: () => listAliases(parts),
    runBatch: (request, caller, explain) => runBatch(calls, request, caller, explain),
    async searchCatalog(query, language) {
      const models = await searchCatalog(parts.known, parts.catalog, query, language);
      return { success: true, models, count: models.length };
    },
    async catalogDetails(name, language) {
      return { success: true, model: await findInCatalog(parts.known, parts.catalog, name, language) };
    },
    pullModel: auditedPull(parts.audit, createPulls(parts)),
    transcribe,
    openLive: watchedLive(createLive(parts), parts),
  };
}
