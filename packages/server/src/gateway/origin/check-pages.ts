import type { IncomingHttpHeaders } from "node:http";
import { TLSSocket } from "node:tls";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { VoxpoolError } from "../../base/errors.ts";
import type { Asking, Origins, Verdict } from "./origins.ts";
import { securityHeaders } from "./security-headers.ts";

/** What pages of other origins may read of an answer besides its body. */
const exposed = "X-Request-Id, Retry-After, X-Should-Retry, Inference-Header-Content-Length";
/** How long a browser may remember what it was told about an origin. */
const maxAgeSeconds = "600";

/** The two sides of what browsers are told: before anything may refuse a request, and whether its page is let in. */
export interface PageChecks {
  /** Sets the headers that every answer has, refusals too: a page that is let in has to be able to read them. */
  mark(request: FastifyRequest, reply: FastifyReply): void;
  /** Refuses pages that are not let in, before anything of the request is read; answers what browsers ask beforehand. */
  check(fastify: FastifyInstance): void;
}

/** @returns checks of HTTP requests and of the upgrades to WebSockets among them */
export function createPageChecks(origins: Origins): PageChecks {
  return {
    mark(request, reply) {
      const { host } = request;
      reply.headers(securityHeaders({ isTls: request.raw.socket instanceof TLSSocket, host }));
      if (origins.isConfigured) reply.header("vary", "Origin");
      const verdict = origins.judge(askingOf(request));
      if (verdict.type !== "let-in") return;
      reply.header("access-control-allow-origin", verdict.allow);
      reply.header("access-control-expose-headers", exposed);
      if (verdict.withCredentials) reply.header("access-control-allow-credentials", "true");
    },
    check(fastify) {
      fastify.addHook("onRequest", (request, reply, done) => {
        const verdict = origins.judge(askingOf(request));
        if (isPreflight(request) && verdict.type === "let-in") answerPreflight(request, reply);
        else done(refusalOf(verdict));
      });
    },
  };
}

/** Why a page is not let in; undefined: it is. */
export function refusalOf(verdict: Verdict): VoxpoolError | undefined {
  if (verdict.type === "foreign") {
    return new VoxpoolError("origin_not_allowed", { origin: verdict.origin.slice(0, 200) });
  }
  if (verdict.type === "unknown-host") return new VoxpoolError("host_not_allowed", { host: verdict.host });
  return undefined;
}

/** What the headers of a request say of its page. */
export function pageOf(headers: IncomingHttpHeaders): Pick<Asking, "origin" | "site" | "mode" | "destination"> {
  const [site, mode, destination] = ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"].map((name) =>
    headers[name]?.toString(),
  );
  return { origin: headers.origin, site, mode, destination };
}

const askingOf = ({ method, headers, host, protocol }: FastifyRequest): Asking => ({
  method,
  ...pageOf(headers),
  host,
  isHttps: protocol === "https",
});

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
}

function answerPreflight({ headers }: FastifyRequest, reply: FastifyReply): void {
  const asked = headers["access-control-request-headers"]?.toString() ?? "";
  if (/^[\w\s,!#$%&'*+.^`|~-]{1,4096}$/.test(asked)) reply.header("access-control-allow-headers", asked);
  reply.header("access-control-allow-methods", "GET, HEAD, POST");
  reply.header("access-control-max-age", maxAgeSeconds);
  reply.code(204).send();
}
