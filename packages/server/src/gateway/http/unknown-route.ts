import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { VoxpoolError } from "../../base/errors.ts";
import type { Failures } from "./answer.ts";
import { routeFailure } from "./failure.ts";

/**
 * Answers what no route takes: 404, or 405 with `Allow` where the path exists for other methods. OPTIONS on a path
 * that exists says what it allows. Has to be called before the routes are registered.
 */
export function answerUnknownRoutes(fastify: FastifyInstance, failures: Failures): void {
  const methods = new Map<string, Set<string>>();
  fastify.addHook("onRoute", (route: RouteOptions) => {
    const known = methods.get(route.url) ?? new Set(["OPTIONS"]);
    for (const method of [route.method].flat()) known.add(method);
    methods.set(route.url, known);
  });
  fastify.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const path = (request.raw.url ?? "/").split("?", 1)[0] ?? "/";
    const allowed = allowedOn(path, methods);
    if (allowed !== undefined) reply.header("allow", allowed);
    if (allowed !== undefined && request.method === "OPTIONS") {
      reply.code(204).send();
      return;
    }
    const shown = { method: request.method, path: path.slice(0, 200) };
    const error =
      allowed === undefined
        ? new VoxpoolError("route_not_found", shown)
        : new VoxpoolError("method_not_allowed", { ...shown, allowed });
    failures.sendShaped(request, reply, error, routeFailure);
  });
}

function allowedOn(path: string, methods: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  for (const [url, known] of methods) {
    const fits = url.endsWith("*") ? path.startsWith(url.slice(0, -1)) : path === url;
    if (fits) return [...known].toSorted().join(", ");
  }
  return undefined;
}
