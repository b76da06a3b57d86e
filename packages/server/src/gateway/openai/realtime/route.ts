import { randomBytes } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { LiveRequest, LiveSession } from "../../../api/types.ts";
import { callerOf, viewerOf } from "../../caller.ts";
import type { ProtocolParts } from "../../protocol.ts";
import { traceAudio } from "../../trace.ts";
import { openAiError } from "../failure.ts";
import { isUnknownName, modelPathOf, unknownModel } from "../models.ts";
import { carryRealtime } from "./connection.ts";
import type { RealtimeForm } from "./settings.ts";

/**
 * `WS /v1/realtime`: transcription of speech as it is spoken.
 * @param maxMessageBytes one append of the SDKs holds up to 15 MiB of audio, in base64
 */
export function realtimeRoute(scope: FastifyInstance, parts: ProtocolParts, maxMessageBytes: number): void {
  const handler = parts.upgrades.handler({
    maxMessageBytes,
    // None selected, and the client refuses; never the one that is its key.
    subprotocol: (offered) => (offered.has("realtime") ? "realtime" : undefined),
    onConnection(socket, request, reply) {
      let audioSeconds = 0;
      void carryRealtime({
        socket,
        form: formOf(request),
        urlModel: modelInUrl(request.query),
        open: (model, live, signal) => open(request, model, live, signal, parts),
        explain(thrown) {
          const { error, language } = parts.failures.explain(request, thrown);
          return { error, told: openAiError(error, language) };
        },
        onDuration(seconds) {
          audioSeconds += seconds;
          traceAudio(reply.raw, audioSeconds);
        },
        newId: ids(),
        stallMs: parts.uploads.idleSeconds * 1000,
        pingMs,
        stopping: parts.stopping,
      });
    },
  });
  scope.get("/realtime", { config: { webSocket: true, scope: "recognize" } }, handler);
}

const pingMs = 20_000;

/** @throws VoxpoolError `model_name_unknown`, and of the opening */
async function open(
  request: FastifyRequest,
  model: string | undefined,
  { options, hints }: LiveRequest,
  signal: AbortSignal,
  { api }: ProtocolParts,
): Promise<LiveSession> {
  const path = model === undefined ? undefined : modelPathOf(model, api.listAliases(viewerOf(request)));
  const wishes = { ...options, ...(path !== undefined && { model_path: path }) };
  try {
    const asked = { options: wishes, wantsStable: true, ...(hints && { hints }) };
    return await api.openLive(asked, callerOf(request, signal));
  } catch (error) {
    throw path !== undefined && isUnknownName(error) ? await unknownModel(api, path, viewerOf(request)) : error;
  }
}

/** A header, or in a browser, which can set none, a subprotocol. */
function formOf({ headers }: FastifyRequest): RealtimeForm {
  const beta = /(^|[,\s])realtime=v1($|[,\s])/.test((headers["openai-beta"] ?? []).toString());
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",");
  return beta || offered.some((name) => name.trim() === "openai-beta.realtime-v1") ? "beta" : "current";
}

/** What OpenAI calls its conversational models is no wish: the client has to name one. */
function modelInUrl(query: unknown): string | undefined {
  const { model } = query as { readonly model?: unknown };
  if (typeof model !== "string" || model === "" || /^gpt-(4o-)?(mini-)?realtime/.test(model)) return undefined;
  return model.slice(0, 4096);
}

/** Ids that no other connection gives. */
function ids(): (kind: string) => string {
  const connection = randomBytes(9).toString("base64url");
  let count = 0;
  return (kind) => {
    count += 1;
    return `${kind}_${connection}${count.toString(36)}`;
  };
}
