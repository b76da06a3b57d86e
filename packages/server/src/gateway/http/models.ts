import {
  AvailableModels,
  LoadAnswer,
  LoadRequest,
  ModelList,
  ModelStatus,
  ModelStatusFailure,
  UnloadAnswer,
  UnloadRequest,
} from "@voxpool/client/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Api } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { callerOf, goneSignal, viewerOf } from "../caller.ts";
import type { UploadLimits } from "../upload.ts";
import { acceptJsonBodies } from "./json-body.ts";
import type { NativeFailures } from "./native-failures.ts";
import { failures as failureAnswers, json, modelBodyReasons, type Operation } from "./operation.ts";
import { seedStatus } from "./seed-status.ts";

export interface ModelRoutesOptions {
  readonly api: Api;
  readonly failures: NativeFailures;
  readonly limits: UploadLimits;
}

/** `/api/models…`: list, status, load, unload. */
export async function modelRoutes(fastify: FastifyInstance, options: ModelRoutesOptions): Promise<void> {
  const { api, failures } = options;
  acceptJsonBodies(fastify, options.limits);

  fastify.get("/api/models", { config: { operation: list, scope: "read" } }, (request) =>
    api.listModels(viewerOf(request)),
  );
  fastify.get("/api/models/available", { config: { operation: available, scope: "read" } }, (request) =>
    api.availableModels(viewerOf(request)),
  );
  fastify.get<{ Params: WildcardParams }>(
    "/api/models/status/*",
    {
      config: { operation: status, scope: "read" },
      errorHandler: (error, request, reply) => failures.send(request, reply, error, { modelPath: request.params["*"] }),
    },
    (request, reply) => modelStatus(api, request, reply),
  );
  fastify.post<{ Body: LoadRequest }>(
    "/api/models/load",
    {
      schema: { body: LoadRequest },
      config: { operation: load, scope: "models" },
      errorHandler: seedFailure(failures),
    },
    (request, reply) => api.loadModel(request.body, callerOf(request, goneSignal(reply), request.body.client_id)),
  );
  fastify.post<{ Body: UnloadRequest }>(
    "/api/models/unload",
    {
      schema: { body: UnloadRequest },
      config: { operation: unload, scope: "models" },
      errorHandler: seedFailure(failures),
    },
    (request, reply) => api.unloadModel(request.body, callerOf(request, goneSignal(reply), request.body.client_id)),
  );
}

/** The path as it was sent, decoded once; its slashes are for the catalog to read. */
interface WildcardParams {
  readonly "*": string;
}

/** Not loaded is a 404 here, with what is known of the model. */
async function modelStatus(
  api: Api,
  request: FastifyRequest<{ Params: WildcardParams }>,
  reply: FastifyReply,
): Promise<ModelStatus | ModelStatusFailure> {
  const modelPath = request.params["*"];
  if (modelPath === "") throw new VoxpoolError("model_path_missing");
  const answer = await api.modelStatus(modelPath, viewerOf(request));
  reply.code(answer.success ? 200 : 404);
  return answer;
}

/** Failures of load and unload have the statuses of the seed, and name the model. */
function seedFailure(failures: NativeFailures) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const modelPath = pathIn(request.body);
    failures.send(request, reply, error, { statusOf: seedStatus, ...(modelPath !== undefined && { modelPath }) });
  };
}

function pathIn(body: unknown): string | undefined {
  const path = typeof body === "object" && body !== null && "model_path" in body ? body.model_path : undefined;
  return typeof path === "string" && path !== "" && path.length <= 4096 ? path : undefined;
}

const list: Operation = {
  summary: "The models that are loaded",
  tag: "models",
  responses: { 200: { description: "By model_path.", content: json(ModelList) } },
};

const available: Operation = {
  summary: "The models on disk, loaded or not",
  tag: "models",
  strict: true,
  responses: {
    200: { description: "By model_path.", content: json(AvailableModels) },
    ...failureAnswers(["option_unknown"]),
  },
};

const status: Operation = {
  summary: "One model",
  description: "Slashes of the path may be sent as they are or as %2F; an absolute path keeps its own first slash.",
  tag: "models",
  parameters: [{ name: "model_path", in: "path", required: true, schema: Type.String({ examples: ["model/cn"] }) }],
  responses: {
    200: { description: "It is loaded.", content: json(ModelStatus) },
    404: {
      description: "It is not loaded; `state` is there while it is being loaded.",
      content: json(ModelStatusFailure),
    },
    ...failureAnswers(["model_path_invalid", "internal", "server_stopping"]),
  },
};

const load: Operation = {
  summary: "Load a model",
  description: "Answers once the model is usable; at once if it was loaded before. Simultaneous loads join.",
  tag: "models",
  body: json(LoadRequest),
  responses: {
    200: { description: "It is usable.", content: json(LoadAnswer) },
    ...failureAnswers(
      [
        ...modelBodyReasons,
        "holds_full",
        "state_unwritable",
        "model_quarantined",
        "model_unavailable",
        "pool_full",
        "model_folder_empty",
        "model_files_invalid",
        "model_unrecognised",
        "model_load_failed",
        "model_load_timeout",
        "model_load_cancelled",
        "asset_missing",
        "download_failed",
        "download_by_hand",
        "download_corrupt",
        "platform_unsupported",
        "disk_full",
      ],
      seedStatus,
    ),
  },
};

const unload: Operation = {
  summary: "Give a model back",
  description:
    "Gives back the caller's hold. The model is unloaded if nobody else holds it, after work in progress; else the answer says who does.",
  tag: "models",
  body: json(UnloadRequest),
  responses: {
    200: { description: "The hold is given back.", content: json(UnloadAnswer) },
    ...failureAnswers(
      [
        ...modelBodyReasons,
        "model_folder_empty",
        "model_not_loaded",
        "model_in_use",
        "model_pinned",
        "state_unwritable",
      ],
      seedStatus,
    ),
  },
};
