import type { FastifyInstance, FastifyRequest } from "fastify";
import { VoxpoolError } from "../../base/errors.ts";
import { viewerOf } from "../caller.ts";
import type { HttpProtocol, ProtocolParts } from "../protocol.ts";
import { openAiFailure } from "./failure.ts";
import { findModel, listModels } from "./models.ts";
import { realtimeRoute } from "./realtime/route.ts";
import { transcribe } from "./transcriptions.ts";

export interface OpenAiOptions {
  /** Largest message of a realtime session. */
  readonly messageBytes: number;
}

/** The audio part of OpenAI's API, as its SDKs speak it. */
export function openAiProtocol({ messageBytes }: OpenAiOptions): HttpProtocol {
  const routes = (scope: FastifyInstance, parts: ProtocolParts) => register(scope, parts, messageBytes);
  return { prefix: "/v1", failure: openAiFailure, routes };
}

/** What each route asks of its caller. */
const read = { config: { scope: "read" } } as const;
const recognize = { config: { scope: "recognize" } } as const;

function register(scope: FastifyInstance, parts: ProtocolParts, messageBytes: number): void {
  // The body is read by the handler itself. The SDKs name a type on requests without a body too.
  scope.addContentTypeParser("*", (_request: FastifyRequest, _body: unknown, done) => done(null, undefined));
  scope.get("/models", read, (request) => listModels(parts.api, viewerOf(request)));
  scope.get("/models/*", read, async (request) => {
    const name = (request.params as { readonly "*": string })["*"];
    const viewer = viewerOf(request);
    return name === "" ? listModels(parts.api, viewer) : findModel(parts.api, name, viewer);
  });
  realtimeRoute(scope, parts, messageBytes);
  scope.post("/audio/transcriptions", recognize, (request, reply) => transcribe(request, reply, parts));
  scope.post("/audio/translations", recognize, async () => {
    throw new VoxpoolError("translation_missing");
  });
}
