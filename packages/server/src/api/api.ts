import type { Audit } from "../base/audit.ts";
import { findInCatalog, searchCatalog } from "../catalog/search.ts";
import type { Switches } from "../rollout/types.ts";
import { listAliases, pinModel, reloadModel, renewHolds, setAlias } from "./administration.ts";
import { auditedCalls, auditedPull } from "./audited.ts";
import { runBatch } from "./batch.ts";
import { KeyPlaces } from "./key-places.ts";
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
import type { Api, Viewer } from "./types.ts";
import { viewOf } from "./view.ts";
import { type WarmUpParts, warmUpModel } from "./warm-up-model.ts";
import { type WatchedLiveParts, watchedLive } from "./watched-live.ts";

export interface ApiParts extends ModelParts, TranscribeParts, LiveParts, PullParts, WarmUpParts, WatchedLiveParts {
  /** Version of voxpool, for `health`. */
  readonly version: string;
  /** Recognitions and live sessions of one API key at once; 0: any number. */
  readonly sessionsPerKey: number;
  readonly switches: Switches;
  readonly audit: Audit;
}

/** All use cases over one pool. */
export function createApi(parts: ApiParts): Api {
  const keyPlaces = new KeyPlaces(() => parts.sessionsPerKey);
  const transcribe = createTranscribe(parts, keyPlaces);
  const view = ({ principal }: Viewer) => viewOf(parts, principal);
  const kept = async <T>(changing: Promise<T>): Promise<T> => {
    const answer = await changing;
    await parts.kept();
    return answer;
  };
  const calls = auditedCalls(parts.audit, {
    loadModel: (request, caller) => loadModel(view(caller), request, caller),
    unloadModel: (request, caller) => unloadModel(view(caller), request, caller),
    warmUpModel: (request, caller) => warmUpModel(view(caller), transcribe, request, caller),
    reloadModel: (request, caller) => reloadModel(view(caller), request, caller),
    pinModel: (request, caller) => kept(pinModel(view(caller), request, caller)),
    setAlias: (request, caller) => kept(setAlias(view(caller), request, caller)),
    switchModel: (request, caller) => kept(switchModel(view(caller), request, caller)),
  });
  return {
    ...calls,
    health() {
      return { success: true, status: "running", loaded_models_count: countLoaded(parts), version: parts.version };
    },
    listModels: (viewer) => listModels(view(viewer)),
    availableModels: (viewer) => availableModels(view(viewer), viewer.language),
    modelStatus: (modelPath, viewer) => modelStatus(view(viewer), modelPath, viewer.language),
    renewHolds: (request, caller) => renewHolds(view(caller), request, caller),
    listAliases: (viewer) => listAliases(view(viewer)),
    runBatch: (request, caller, explain) => runBatch(calls, request, caller, explain),
    async searchCatalog(query, viewer) {
      const models = await searchCatalog(parts.known, view(viewer).catalog, query, viewer.language);
      return { success: true, models, count: models.length };
    },
    async catalogDetails(name, viewer) {
      return { success: true, model: await findInCatalog(parts.known, view(viewer).catalog, name, viewer.language) };
    },
    pullModel: auditedPull(parts.audit, createPulls(parts)),
    transcribe,
    openLive: watchedLive(createLive(parts, keyPlaces), parts),
  };
}
