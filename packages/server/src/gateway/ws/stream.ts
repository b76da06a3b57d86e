import type { FastifyContextConfig, FastifyInstance } from "fastify";
import type { Api } from "../../api/types.ts";
import type { VoxpoolError } from "../../base/errors.ts";
import type { Failures } from "../answer.ts";
import { callerOf } from "../caller.ts";
import { messageLanguage } from "../language.ts";
import { traceAudio } from "../trace.ts";
import type { Upgrades } from "../upgrade.ts";
import { StreamConnection } from "./connection.ts";
import { requestInQuery } from "./query.ts";
import { StreamSessions } from "./sessions.ts";

export interface StreamLimits {
  /** A connection that begins no session for so long is ended. */
  readonly idleSeconds: number;
  /** A reader that takes nothing for so long is ended. */
  readonly stallSeconds: number;
  /** How long a session whose connection broke is kept. */
  readonly resumeSeconds: number;
  /** How often a peer is asked whether it is there; one that says nothing until the next time is not. */
  readonly pingMs: number;
  /** A message that is larger closes the connection. */
  readonly messageBytes: number;
}

export interface StreamRoutesOptions {
  readonly api: Pick<Api, "openLive">;
  readonly upgrades: Upgrades;
  readonly failures: Pick<Failures, "explain">;
  readonly limits: StreamLimits;
  readonly stopping: AbortSignal;
  /** What else the route carries. */
  readonly route?: FastifyContextConfig;
}

/** `WS /api/stream`: live recognition in the protocol of the contract. */
export async function streamRoutes(fastify: FastifyInstance, options: StreamRoutesOptions): Promise<void> {
  const { api, limits, stopping } = options;
  const sessions = new StreamSessions(limits.resumeSeconds);
  stopping.addEventListener("abort", () => sessions.discardAll(stopping.reason as VoxpoolError), { once: true });
  const handler = options.upgrades.handler({
    maxMessageBytes: limits.messageBytes,
    subprotocol: (offered) => (offered.has("voxpool") ? "voxpool" : undefined),
    onConnection(socket, request, reply) {
      const language = languageOf(request.query, request.headers["accept-language"]);
      const connection = new StreamConnection({
        socket,
        api,
        sessions,
        limits,
        stopping,
        language,
        ...(request.principal && { principal: request.principal }),
        requestInUrl: () => requestInQuery(request.query),
        caller: (signal, clientId) => ({ ...callerOf(request, signal, clientId), language }),
        explain: (thrown) => options.failures.explain(request, thrown).error,
        onDuration: (seconds) => traceAudio(reply.raw, seconds),
      });
      void connection.run();
    },
  });
  fastify.get("/api/stream", { config: { ...options.route, webSocket: true } }, handler);
}

/** Browsers cannot set headers of a WebSocket: `lang` in the URL goes before them. */
function languageOf(query: unknown, header: string | undefined): ReturnType<typeof messageLanguage> {
  const { lang } = query as { lang?: unknown };
  return messageLanguage(typeof lang === "string" ? lang : header);
}
