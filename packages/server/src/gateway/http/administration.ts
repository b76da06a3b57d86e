import {
  AliasAnswer,
  AliasList,
  AliasRequest,
  PinAnswer,
  PinRequest,
  type Reason,
  ReloadAnswer,
  ReloadRequest,
  RenewAnswer,
  RenewRequest,
  SwitchAnswer,
  SwitchRequest,
  WarmupAnswer,
  WarmupRequest,
} from "@voxpool/client/contract";
import type { FastifyInstance } from "fastify";
import type { Api } from "../../api/types.ts";
import { callerOf, goneSignal, viewerOf } from "../caller.ts";
import type { UploadLimits } from "../upload.ts";
import { acceptJsonBodies } from "./json-body.ts";
import { failures, json, modelBodyReasons, type Operation } from "./operation.ts";

export interface AdministrationRoutesOptions {
  readonly api: Api;
  readonly limits: UploadLimits;
}

/** `/api/models/{renew,warmup,reload,pin,alias,aliases,switch}`. */
export async function administrationRoutes(
  fastify: FastifyInstance,
  options: AdministrationRoutesOptions,
): Promise<void> {
  const { api, limits } = options;
  acceptJsonBodies(fastify, limits);

  fastify.post<{ Body: RenewRequest }>(
    "/api/models/renew",
    { schema: { body: RenewRequest }, config: { operation: renew, scope: "models" } },
    (request, reply) => api.renewHolds(request.body, callerOf(request, goneSignal(reply), request.body.client_id)),
  );
  fastify.post<{ Body: WarmupRequest }>(
    "/api/models/warmup",
    { schema: { body: WarmupRequest }, config: { operation: warmup, scope: "models" } },
    (request, reply) => api.warmUpModel(request.body, callerOf(request, goneSignal(reply))),
  );
  fastify.post<{ Body: ReloadRequest }>(
    "/api/models/reload",
    { schema: { body: ReloadRequest }, config: { operation: reload, scope: "models" } },
    (request, reply) => api.reloadModel(request.body, callerOf(request, goneSignal(reply))),
  );
  fastify.post<{ Body: PinRequest }>(
    "/api/models/pin",
    { schema: { body: PinRequest }, config: { operation: pin, scope: "models" } },
    (request, reply) => api.pinModel(request.body, callerOf(request, goneSignal(reply))),
  );
  fastify.get("/api/models/aliases", { config: { operation: aliases, scope: "read" } }, (request) =>
    api.listAliases(viewerOf(request)),
  );
  fastify.post<{ Body: AliasRequest }>(
    "/api/models/alias",
    { schema: { body: AliasRequest }, config: { operation: alias, scope: "models" } },
    (request, reply) => api.setAlias(request.body, callerOf(request, goneSignal(reply))),
  );
  fastify.post<{ Body: SwitchRequest }>(
    "/api/models/switch",
    { schema: { body: SwitchRequest }, config: { operation: switchVersion, scope: "models" } },
    (request, reply) => api.switchModel(request.body, callerOf(request, goneSignal(reply))),
  );
}

const bodyReasons: readonly Reason[] = [...modelBodyReasons, "request_invalid"];

const renew: Operation = {
  summary: "Renew the holds of a client",
  description: "Of one model, or of all that the client holds.",
  tag: "models",
  body: json(RenewRequest),
  responses: {
    200: { description: "They are renewed.", content: json(RenewAnswer) },
    ...failures([...bodyReasons, "hold_unknown"]),
  },
};

const warmup: Operation = {
  summary: "Warm a model up",
  description: "Loads it if needed and recognises a recording; models are warm after each load anyway.",
  tag: "models",
  body: json(WarmupRequest),
  responses: {
    200: { description: "It is warm.", content: json(WarmupAnswer) },
    ...failures([...bodyReasons, "model_load_failed", "model_quarantined", "model_unavailable", "pool_full"]),
  },
};

const reload: Operation = {
  summary: "Load a model anew",
  description: "A fresh process reads the files and takes over once it is warm; no request fails.",
  tag: "models",
  body: json(ReloadRequest),
  responses: {
    200: { description: "The fresh process serves.", content: json(ReloadAnswer) },
    ...failures([...bodyReasons, "model_not_loaded", "model_load_failed", "model_files_invalid"]),
  },
};

const pin: Operation = {
  summary: "Pin or unpin a model",
  description: "A pinned model is never evicted, does not idle out, and is loaded again when the server starts.",
  tag: "models",
  body: json(PinRequest),
  responses: {
    200: { description: "Done.", content: json(PinAnswer) },
    ...failures([...bodyReasons, "state_unwritable"]),
  },
};

const aliases: Operation = {
  summary: "The aliases",
  tag: "models",
  responses: { 200: { description: "By name.", content: json(AliasList) } },
};

const alias: Operation = {
  summary: "Point an alias to a model, or remove it",
  description: "An alias stands wherever a model_path is taken. To move one under traffic with a check, use switch.",
  tag: "models",
  body: json(AliasRequest),
  responses: {
    200: { description: "Done.", content: json(AliasAnswer) },
    ...failures([...bodyReasons, "alias_invalid", "alias_not_found", "state_unwritable"]),
  },
};

const switchVersion: Operation = {
  summary: "Let another version serve, while traffic runs",
  description:
    "For a model (`version`, or its newest) or an alias (`to`). The new version is loaded beside the old one, recognises " +
    "its golden recordings, and takes over at once; requests that came before finish with the old version. The old one " +
    "stays warm while the new one is on probation, and serves again by itself if the new one fails too often or is too " +
    "slow. To go back by hand, switch to the old version. It goes on when its caller leaves.",
  tag: "models",
  body: json(SwitchRequest),
  responses: {
    200: { description: "The wished version serves.", content: json(SwitchAnswer) },
    ...failures([
      ...bodyReasons,
      "version_not_found",
      "alias_not_found",
      "gate_failed",
      "switch_in_progress",
      "model_load_failed",
      "model_load_timeout",
      "model_load_cancelled",
      "model_files_invalid",
      "model_unrecognised",
      "model_quarantined",
      "model_unavailable",
      "pool_full",
      "state_unwritable",
    ]),
  },
};
