import { Failure, Health, HealthFailure } from "@voxpool/client/contract";
import type { FastifyInstance } from "fastify";
import { type Static, Type } from "typebox";
import type { Api } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { Failures } from "../answer.ts";
import { healthFailure } from "./failure.ts";
import { json, type Operation } from "./operation.ts";

export interface StatusRoutesOptions {
  readonly api: Api;
  readonly failures: Failures;
  readonly metrics: Metrics;
  readonly version: string;
  readonly ready: () => boolean;
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

const Probe = Type.Object({ success: Type.Literal(true), status: Type.String() }, { $id: "Probe" });

/** What tells how the server itself is: health, probes, metrics, and a signpost at `/`. */
export async function statusRoutes(fastify: FastifyInstance, options: StatusRoutesOptions): Promise<void> {
  const { api, failures, metrics, version, ready } = options;
  fastify.get(
    "/api/health",
    {
      config: { operation: health },
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
    docs: "/docs",
    openapi: "/openapi.json",
    health: "/api/health",
  };
  fastify.get("/", { config: { operation: root } }, () => info);
  fastify.get("/livez", { config: { operation: livez } }, () => ({ success: true, status: "alive" }));
  fastify.get("/readyz", { config: { operation: readyz } }, () => {
    if (!ready()) throw new VoxpoolError("not_ready");
    return { success: true, status: "ready" };
  });
  fastify.get("/metrics", { config: { operation: metricsOperation } }, async (_request, reply) => {
    reply.header("content-type", metrics.contentType);
    return metrics.text();
  });
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
  tag: "server",
  responses: {
    200: { description: "Ready.", content: json(Probe) },
    503: { description: "not_ready, server_stopping", content: json(Failure) },
  },
};

const metricsOperation: Operation = {
  summary: "Counters for Prometheus",
  tag: "server",
  responses: { 200: { description: "The text format.", content: { "text/plain": Type.String() } } },
};
