import { Failure, Health, HealthFailure } from "@voxpool/client/contract";
import type { FastifyInstance } from "fastify";
import { type Static, Type } from "typebox";
import type { Api } from "../../api/types.ts";
import { type MessageLanguage, VoxpoolError } from "../../base/errors.ts";
import { inChinese } from "../../base/phrases.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { Readiness, ReadyReport } from "../../observe/readiness.ts";
import type { Failures } from "../answer.ts";
import { messageLanguage } from "../language.ts";
import { healthFailure } from "./failure.ts";
import { json, type Operation } from "./operation.ts";

export interface StatusRoutesOptions {
  readonly api: Api;
  readonly failures: Failures;
  readonly metrics: Metrics;
  readonly version: string;
  /** Below which the server is seen; empty: below none. */
  readonly basePath?: string;
  readonly ready: () => boolean;
  readonly readiness?: Pick<Readiness, "look">;
}

const ServerInfo = Type.Object(
  {
    success: Type.Literal(true),
    name: Type.Literal("voxpool"),
    version: Type.String(),
    docs: Type.String({ description: "Where people read how to use it." }),
    openapi: Type.String(),
    health: Type.String(),
  },
  { $id: "ServerInfo" },
);

const Ready = Type.Object(
  {
    success: Type.Literal(true),
    status: Type.Literal("ready"),
    parts: Type.Record(
      Type.String(),
      Type.Object({
        status: Type.String({ description: "ok, warning; in `details.parts` of a failure also waiting, failed" }),
        detail: Type.Optional(Type.String()),
      }),
    ),
  },
  { $id: "Ready" },
);

const Probe = Type.Object({ success: Type.Literal(true), status: Type.String() }, { $id: "Probe" });

/** What tells how the server itself is: health, probes, metrics, and a signpost at `/`. */
export async function statusRoutes(fastify: FastifyInstance, options: StatusRoutesOptions): Promise<void> {
  const { api, failures, metrics, version, basePath = "" } = options;
  fastify.get(
    "/api/health",
    {
      config: { operation: health, scope: "public" },
      errorHandler: (error, request, reply) => failures.sendShaped(request, reply, error, healthFailure),
    },
    (_request, reply) => {
      reply.send(api.health());
    },
  );
  const info: Static<typeof ServerInfo> = {
    success: true,
    name: "voxpool",
    version,
    docs: `${basePath}/docs`,
    openapi: `${basePath}/openapi.json`,
    health: `${basePath}/api/health`,
  };
  fastify.get("/", { config: { operation: root, scope: "any" } }, () => info);
  fastify.get("/livez", { config: { operation: livez, scope: "public" } }, () => ({ success: true, status: "alive" }));
  fastify.get("/readyz", { config: { operation: readyz, scope: "public" } }, async (request) => {
    api.health(); // throws while the server stops
    const { ready, parts } = await look(options);
    const said = partsIn(parts, messageLanguage(request.headers["accept-language"]));
    if (!ready) throw new VoxpoolError("not_ready", {}, { forCaller: { parts: said } });
    return { success: true, status: "ready", parts: said };
  });
  fastify.get("/metrics", { config: { operation: metricsOperation, scope: "read" } }, async (_request, reply) => {
    reply.header("content-type", metrics.contentType);
    return metrics.text();
  });
}

async function look({ ready, readiness }: StatusRoutesOptions): Promise<ReadyReport> {
  return readiness === undefined ? { ready: ready(), parts: {} } : readiness.look();
}

function partsIn(parts: ReadyReport["parts"], language: MessageLanguage): ReadyReport["parts"] {
  if (language === "en") return parts;
  const entries = Object.entries(parts).map(([name, { status, detail }]) => {
    return [name, { status, ...(detail !== undefined && { detail: inChinese(detail) }) }] as const;
  });
  return Object.fromEntries(entries);
}

const health: Operation = {
  summary: "Whether the server works",
  tag: "server",
  responses: {
    200: { description: "It does.", content: json(Health) },
    500: { description: "It does not.", content: json(HealthFailure) },
    503: { description: "It is stopping.", content: json(HealthFailure) },
  },
};

const root: Operation = {
  summary: "What this is, and where to go on",
  tag: "server",
  responses: { 200: { description: "Names and paths.", content: json(ServerInfo) } },
};

const livez: Operation = {
  summary: "Probe: the process answers",
  tag: "server",
  responses: { 200: { description: "Alive.", content: json(Probe) } },
};

const readyz: Operation = {
  summary: "Probe: requests may be sent",
  description:
    "`parts` says how each is: the default model and the preloads at the start, the store, the disk of the state " +
    "directory, the event loop, and the canary where there is one. A `warning` keeps no request away.",
  tag: "server",
  responses: {
    200: { description: "Ready.", content: json(Ready) },
    503: { description: "not_ready, server_stopping", content: json(Failure) },
  },
};

const metricsOperation: Operation = {
  summary: "Counters for Prometheus",
  tag: "server",
  responses: { 200: { description: "The text format.", content: { "text/plain": Type.String() } } },
};
