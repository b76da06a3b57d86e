import { Catalog, CatalogDetails, CatalogQuery, PullAnswer, PullEvent, PullRequest } from "@voxpool/client/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Api } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";
import type { Failures } from "../answer.ts";
import { callerOf, goneSignal, viewerOf } from "../caller.ts";
import { untilAborted } from "../events.ts";
import type { UploadLimits } from "../upload.ts";
import { acceptJsonBodies } from "./json-body.ts";
import { failures as failureAnswers, json, jsonBodyReasons, type Operation } from "./operation.ts";
import { streamAnswer } from "./stream-answer.ts";

export interface CatalogRoutesOptions {
  readonly api: Api;
  readonly failures: Failures;
  readonly limits: UploadLimits;
  readonly heartbeatMs: number;
}

/** `/api/catalog…` and `/api/models/pull`: what can be fetched, and fetching it. */
export async function catalogRoutes(fastify: FastifyInstance, options: CatalogRoutesOptions): Promise<void> {
  const { api } = options;
  acceptJsonBodies(fastify, options.limits);
  fastify.get("/api/catalog", { config: { operation: search, scope: "read" } }, (request) =>
    api.searchCatalog(readQuery(request.query), viewerOf(request)),
  );
  fastify.get<{ Params: { readonly "*": string } }>(
    "/api/catalog/*",
    { config: { operation: details, scope: "read" } },
    (request) => api.catalogDetails(request.params["*"], viewerOf(request)),
  );
  fastify.post<{ Body: PullRequest }>(
    "/api/models/pull",
    { schema: { body: PullRequest }, config: { operation: pull, scope: "admin" } },
    (request, reply) => pullModel(request, reply, options),
  );
}

const longest: Readonly<Record<keyof CatalogQuery, number>> = { query: 200, language: 64 };

function readQuery(sent: unknown): CatalogQuery {
  const query: CatalogQuery = {};
  for (const name of ["query", "language"] as const) {
    const value: unknown = typeof sent === "object" && sent !== null ? Reflect.get(sent, name) : undefined;
    if (value === undefined || value === "") continue;
    if (typeof value !== "string" || value.length > longest[name]) {
      const detail = `send it once, with at most ${longest[name]} characters`;
      throw new VoxpoolError("option_invalid", { option: name, detail });
    }
    query[name] = value;
  }
  return query;
}

async function pullModel(
  request: FastifyRequest<{ Body: PullRequest }>,
  reply: FastifyReply,
  { api, failures, limits, heartbeatMs }: CatalogRoutesOptions,
): Promise<FastifyReply> {
  const gone = goneSignal(reply);
  const events = untilAborted(api.pullModel(request.body, callerOf(request, gone)), gone);
  if (request.body.stream !== true) {
    for await (const event of events) if (event.type === "done") return reply.send(event.answer);
    throw new Error("the pull ended without an answer");
  }
  return streamAnswer(request, reply, events, { failures, heartbeatMs, stallMs: limits.idleSeconds * 1000, gone });
}

const search: Operation = {
  summary: "The models that can be fetched by name",
  tag: "models",
  strict: true,
  parameters: Object.entries(CatalogQuery.properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: false,
    schema,
  })),
  responses: {
    200: { description: "In the order of the catalogue.", content: json(Catalog) },
    ...failureAnswers(["option_invalid", "option_unknown", "internal", "server_stopping"]),
  },
};

const details: Operation = {
  summary: "One of the models that can be fetched",
  tag: "models",
  strict: true,
  parameters: [{ name: "name", in: "path", required: true, schema: Type.String({ examples: ["cn"] }) }],
  responses: {
    200: { description: "What is known of it.", content: json(CatalogDetails) },
    ...failureAnswers(["option_unknown", "download_unknown", "internal", "server_stopping"]),
  },
};

const pull: Operation = {
  summary: "Fetch a model into the first model directory",
  description:
    "Names of the catalogue only. Answers once it is there; with `stream` the answer is server-sent events, each " +
    "`event: <type>` and `data: <a PullEvent as JSON>`. Simultaneous pulls of one name join; a pull goes on when its " +
    "caller leaves.",
  tag: "models",
  strict: true,
  body: json(PullRequest),
  responses: {
    200: {
      description: "It is there.",
      content: { "application/json": PullAnswer, "text/event-stream": PullEvent },
    },
    ...failureAnswers([
      ...jsonBodyReasons,
      "option_unknown",
      "download_unknown",
      "download_failed",
      "download_sources_failed",
      "download_by_hand",
      "download_corrupt",
      "download_changed",
      "disk_full",
      "disk_space_short",
      "platform_unsupported",
      "model_files_invalid",
      "config_invalid",
    ]),
  },
};
