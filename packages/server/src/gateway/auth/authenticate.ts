import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { owner, type Principal } from "../../access/principal.ts";
import { demandScope, type RouteScope } from "../../access/scopes.ts";
import type { Tickets } from "../../access/tickets.ts";
import { VoxpoolError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { addressOf } from "../caller.ts";
import type { Attempts } from "./attempts.ts";
import { type Credential, credentialIn } from "./credentials.ts";

/** Who may come in. */
export interface Access {
  /** Whether a key is asked of everybody; else only of those who want to change keys. */
  readonly isRequired: boolean;
  /** Whose key it is. @throws VoxpoolError `key_invalid`, `key_expired` */
  readonly authenticate: (secret: string) => Principal;
  readonly tickets: Tickets;
  readonly attempts: Attempts;
  /** Whether a connection is one that only the owner of the state directory can open. */
  readonly isOwner: (socket: object) => boolean;
}

export interface Notes {
  /** Has a line of each refusal, without the secret. */
  readonly log: Log;
  /** Told who a caller has shown to be, also if it may not do what it wants. */
  readonly onAdmitted?: (request: FastifyRequest, principal: Principal) => void;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** What the route asks of its caller. Each route says it, or the server does not start. */
    scope?: RouteScope;
    /** It asks also where no key is asked of anybody: it is about the keys themselves. */
    isAlwaysAsked?: true;
  }
}

/**
 * Lets in who may come in: the one place where callers are checked, before anything of a request is read. Has to be
 * called before the routes are registered; a route that does not say what it asks fails the start.
 */
export function authenticateRequests(fastify: FastifyInstance, access: Access, { log, onAdmitted }: Notes): void {
  const routes: RouteOptions[] = [];
  fastify.decorateRequest("principal", undefined);
  fastify.addHook("onRoute", (route: RouteOptions) => void routes.push(route));
  fastify.addHook("onReady", (done) => {
    // Looked at now, since hooks of a plugin may have said it for its routes.
    const silent = routes.filter(({ config }) => config?.scope === undefined);
    const names = silent.map(({ method, url }) => `${[method].flat().join(",")} ${url}`);
    done(silent.length > 0 ? new Error(`routes without a scope: ${names.join("; ")}`) : undefined);
  });
  fastify.addHook("onRequest", async (request: FastifyRequest, reply: FastifyReply) => {
    const { config, url } = request.routeOptions;
    // What no route takes tells only those who may come in that there is no such route.
    const scope = url === undefined ? "any" : (config.scope ?? "admin");
    const isAsked = access.isRequired || config.isAlwaysAsked === true;
    const credential = takeCredential(request);
    if (scope === "public" || !isAsked) return;
    try {
      request.principal = await principalOf(request, credential, access, log);
    } catch (error) {
      challenge(request, reply);
      throw error;
    }
    onAdmitted?.(request, request.principal);
    demandScope(request.principal, scope);
  });
}

/** A ticket is no option of a route. */
function takeCredential({ headers, query }: FastifyRequest): Credential | undefined {
  const credential = credentialIn(headers, query);
  if (typeof query === "object" && query !== null) Reflect.deleteProperty(query, "ticket");
  return credential;
}

async function principalOf(
  request: FastifyRequest,
  credential: Credential | undefined,
  access: Access,
  log: Log,
): Promise<Principal> {
  if (access.isOwner(request.raw.socket)) return owner;
  if (credential === undefined) throw new VoxpoolError("key_missing");
  try {
    return identify(credential, access);
  } catch (error) {
    const { reason, details } = VoxpoolError.from(error);
    const address = addressOf(request);
    if (await access.attempts.failed(address)) {
      log.warn({ id: request.id, address, reason, ...details }, "A caller was refused");
    }
    throw error;
  }
}

function identify(credential: Credential, { authenticate, tickets }: Access): Principal {
  return credential.type === "key" ? authenticate(credential.secret) : tickets.redeem(credential.text);
}

/** A browser asks its user for name and password only where a page is opened: fetches of pages would make it ask, too. */
function challenge({ headers }: FastifyRequest, reply: FastifyReply): void {
  const isPage = headers["sec-fetch-dest"] === "document" || headers["upgrade-insecure-requests"] === "1";
  reply.header("www-authenticate", isPage ? 'Basic realm="voxpool", charset="UTF-8"' : 'Bearer realm="voxpool"');
}
