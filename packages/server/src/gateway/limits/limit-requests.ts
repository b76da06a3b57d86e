import type { FastifyInstance, FastifyRequest } from "fastify";
import { VoxpoolError } from "../../base/errors.ts";
import { addressOf } from "../caller.ts";
import type { Limits, Visitor } from "./limits.ts";

export interface LimitRequests {
  readonly limits: Limits;
  /** The longest URL, as it is in force. */
  readonly mostUrlBytes: () => number;
  /** Whether a connection is the owner's, which has no limits. */
  readonly isOwner: (socket: object) => boolean;
}

/** Whoever watches the server asks these, also while somebody floods it from the same address. */
const unlimited: ReadonlySet<string | undefined> = new Set(["/livez", "/readyz", "/api/health"]);

/**
 * What one address may do, before anything else is known of a request. `limitKeys` goes on once its key is known.
 * @returns what is asked of a request that passes no hooks @throws VoxpoolError
 */
export function limitAddresses(fastify: FastifyInstance, options: LimitRequests): (request: FastifyRequest) => void {
  const { limits, mostUrlBytes, isOwner } = options;
  const count = (request: FastifyRequest): Visitor | undefined => {
    if (isOwner(request.raw.socket)) return undefined;
    const visitor: Visitor = { kind: "address", name: addressOf(request) };
    limits.count(visitor);
    return visitor;
  };
  fastify.addHook("onRequest", (request, reply, done) => {
    const limit_bytes = mostUrlBytes();
    if ((request.raw.url ?? "").length > limit_bytes) {
      done(new VoxpoolError("url_too_long", { limit_bytes, setting: "limits.url_bytes" }));
      return;
    }
    if (!unlimited.has(request.routeOptions.url)) {
      const visitor = count(request);
      if (visitor !== undefined) reply.raw.once("close", limits.begin(visitor));
    }
    done();
  });
  return (request) => void count(request);
}

/** What one API key may do, from however many addresses. */
export function limitKeys(fastify: FastifyInstance, { limits }: Pick<LimitRequests, "limits">): void {
  fastify.addHook("onRequest", ({ principal }, reply, done) => {
    if (principal?.keyId !== undefined) {
      const visitor = { kind: "key", name: principal.name } as const;
      limits.count(visitor);
      reply.raw.once("close", limits.begin(visitor));
    }
    done();
  });
}
