import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { VoxpoolError } from "../../base/errors.ts";
import { goneSignal, viewerOf } from "../caller.ts";
import type { HttpProtocol, ProtocolParts } from "../protocol.ts";
import { openBody } from "./body.ts";
import { oipFailure } from "./failure.ts";
import { infer } from "./infer.ts";
import { parseJson } from "./json.ts";
import { serverMetadata } from "./metadata.ts";
import { type ModelCall, readModelCall, readRepositoryCall } from "./model-url.ts";
import {
  type Answer,
  changeRepository,
  modelDescription,
  modelReady,
  repositoryIndex,
  type StatisticsSource,
  statistics,
} from "./models.ts";

export interface OipOptions extends StatisticsSource {
  /** Largest JSON of a request to infer. */
  readonly jsonBytes: number;
}

const prefix = "/v2";

/** Open Inference Protocol v2, as clients of Triton and KServe speak it. */
export function oipProtocol(options: OipOptions): HttpProtocol {
  return { prefix, failure: oipFailure, routes: (scope, parts) => register(scope, { ...options, ...parts }) };
}

/** What each route asks of its caller. */
const any = { config: { scope: "any" } } as const;
const read = { config: { scope: "read" } } as const;
const recognize = { config: { scope: "recognize" } } as const;
const models = { config: { scope: "models" } } as const;

type Parts = OipOptions & ProtocolParts;

function register(scope: FastifyInstance, parts: Parts): void {
  // Bodies come with no type, with that of a stream of bytes or that of a form; what reads them knows what they are.
  scope.addContentTypeParser("*", (_request: FastifyRequest, _body: unknown, done) => done(null, undefined));
  scope.get("/", any, () => serverMetadata(parts.version));
  scope.get("/health/live", any, () => ({ live: true }));
  scope.get("/health/ready", any, (_request, reply) => {
    if (!parts.ready()) reply.code(503);
    return parts.ready() ? { ready: true } : { ready: false, error: new VoxpoolError("not_ready").message };
  });
  scope.get("/models/stats", read, (request) => statistics(parts, parts.api, undefined, viewerOf(request)));
  scope.get("/models/*", read, async (request, reply) => {
    const { status, body } = await readModel(request, callOf(request, "GET"), parts);
    return reply.code(status).send(body);
  });
  scope.post("/models/*", recognize, (request, reply) => infer(request, reply, callOf(request, "POST"), parts));
  scope.post("/repository/index", read, async (request) => {
    return repositoryIndex(parts.api, await readJson(request, parts), viewerOf(request));
  });
  scope.post("/repository/models/*", models, (request, reply) => repository(request, reply, parts));
}

async function readModel(request: FastifyRequest, call: ModelCall, parts: Parts): Promise<Answer> {
  const viewer = viewerOf(request);
  if (call.action === "ready") return modelReady(parts.api, call, viewer);
  if (call.action === "stats") {
    return { status: 200, body: await statistics(parts, parts.api, call, viewer) };
  }
  return modelDescription(parts.api, call, viewer);
}

async function repository(request: FastifyRequest, reply: FastifyReply, parts: Parts): Promise<object> {
  const call = readRepositoryCall(pathBelow(request, `${prefix}/repository/models/`));
  if (call === undefined) {
    throw new VoxpoolError("route_not_found", { method: "POST", path: request.url.slice(0, 200) });
  }
  return changeRepository(parts.api, call, await readJson(request, parts), request, goneSignal(reply));
}

/** What a path below `/v2/models/` asks for, if it may be asked for in this way. @throws VoxpoolError */
function callOf(request: FastifyRequest, method: "GET" | "POST"): ModelCall {
  const call = readModelCall(pathBelow(request, `${prefix}/models/`));
  const allowed = call.action === "infer" ? "POST" : "GET";
  if (allowed === method) return call;
  throw new VoxpoolError("method_not_allowed", { method, path: request.url.slice(0, 200), allowed });
}

/** As it came over the wire, so that `%2F` is not yet a slash; decoded only if its beginning was quoted as well. */
function pathBelow(request: FastifyRequest, start: string): string {
  const path = (request.raw.url ?? "").split("?", 1)[0] ?? "";
  return path.startsWith(start) ? path.slice(start.length) : (request.params as { readonly "*": string })["*"];
}

async function readJson(request: FastifyRequest, { bodies }: Parts): Promise<unknown> {
  const body = openBody(request.raw, bodies);
  try {
    return parseJson(await body.takeRest(bodies.maxBytes, bodies.maxBytesSetting));
  } finally {
    body.release();
  }
}
