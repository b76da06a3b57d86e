import type { FastifyInstance, FastifyRequest } from "fastify";
import { VoxpoolError } from "../../base/errors.ts";
import { messageLanguage } from "../language.ts";
import type { HttpProtocol, ProtocolParts } from "../protocol.ts";
import { openAiFailure } from "./failure.ts";
import { findModel, listModels } from "./models.ts";
import { realtimeRoute } from "./realtime/route.ts";
import { transcribe } from "./transcriptions.ts";

/** The audio part of OpenAI's API, as its SDKs speak it. */
export function openAiProtocol(): HttpProtocol {
  return { prefix: "/v1", failure: openAiFailure, routes: register };
}

function register(scope: FastifyInstance, parts: ProtocolParts): void {
  // The body is read by the handler itself. The SDKs name a type on requests without a body too.
  scope.addContentTypeParser("*", (_request: FastifyRequest, _body: unknown, done) => done(null, undefined));
  scope.get("/models", () => listModels(parts.api));
  scope.get("/models/*", async (request) => {
    const name = (request.params as { readonly "*": string })["*"];
    return name === "" ? listModels(parts.api) : findModel(parts.api, name, languageOf(request));
  });
  realtimeRoute(scope, parts);
  scope.post("/audio/transcriptions", (request, reply) => transcribe(request, reply, parts));
  scope.post("/audio/translations", async () => {
    throw new VoxpoolError("translation_missing");
  });
}

const languageOf = (request: FastifyRequest) => messageLanguage(request.headers["accept-language"]);
