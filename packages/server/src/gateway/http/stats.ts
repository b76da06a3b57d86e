import { ModelStatsAnswer, Stats } from "@voxpool/client/contract";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { Viewer } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { viewerOf } from "../caller.ts";
import { failures as failureAnswers, json, type Operation } from "./operation.ts";

export interface StatsRoutesOptions {
  readonly stats: (viewer: Viewer) => Stats;
  /** @throws VoxpoolError `model_path_invalid`, `model_not_found` */
  readonly modelStats: (modelPath: string, viewer: Viewer) => Promise<ModelStatsAnswer>;
}

/** `/api/models/stats…`: what the models did. */
export async function statsRoutes(fastify: FastifyInstance, { stats, modelStats }: StatsRoutesOptions): Promise<void> {
  fastify.get("/api/models/stats", { config: { operation: all, scope: "read" } }, (request) =>
    stats(viewerOf(request)),
  );
  fastify.get<{ Params: { readonly "*": string } }>(
    "/api/models/stats/*",
    { config: { operation: one, scope: "read" } },
    (request) => {
      const path = request.params["*"];
      if (path === "") throw new VoxpoolError("model_path_missing");
      return modelStats(path, viewerOf(request));
    },
  );
}

const all: Operation = {
  summary: "What the models did: requests, speed, memory, errors",
  description:
    "Of each model version, and in total. Latencies are of recognitions that succeeded; quantiles are exact to 1 %. " +
    "The windows move in twelfths (that of five minutes in tenths).",
  tag: "models",
  responses: {
    200: { description: "The total, and by model.", content: json(Stats) },
    ...failureAnswers(["internal", "server_stopping"]),
  },
};

const one: Operation = {
  summary: "What one model did",
  description: "All its versions together, unless the path names one (`model/cn@1`).",
  tag: "models",
  parameters: [{ name: "model_path", in: "path", required: true, schema: Type.String({ examples: ["model/cn"] }) }],
  responses: {
    200: { description: "Its statistics; zeros if it has done nothing.", content: json(ModelStatsAnswer) },
    ...failureAnswers(["model_path_missing", "model_path_invalid", "model_not_found", "internal", "server_stopping"]),
  },
};
