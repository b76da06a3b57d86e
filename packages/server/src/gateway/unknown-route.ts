import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { VoxpoolError } from "../base/errors.ts";
import type { Failures } from "./answer.ts";
import type { FailureShape } from "./shaped-failure.ts";

/** Answers what no route takes, in the shape of a protocol: for Fastify's `setNotFoundHandler`. */
export type AnswerUnknownRoute = (shape: FailureShape) => (request: FastifyRequest, reply: FastifyReply) => void;

/**
 * What no route takes is a 404, or a 405 with `Allow` where the path exists for other methods. OPTIONS on a path that
 * exists says what it allows. Has to be called before the routes are registered.
 */
export function unknownRoutes(fastify: FastifyInstance, failures: Failures): AnswerUnknownRoute {
  const methods = new Map<string, Set<string>>();
  fastify.addHook("onRoute", (route: RouteOptions) => {
    const known = methods.get(route.url) ?? new Set(["OPTIONS"]);
    for (const method of [route.method].flat()) known.add(method);
    methods.set(route.url, known);
  });
  return (shape) => (request, reply) => {
    const path = (request.raw.url ?? "/").split("?", 1)[0] ?? "/";
    const known = allowedOn(path, methods);
    // Below a path with files there may be none of that name: then the method is not what is wrong.
    const allowed = request.method !== "OPTIONS" && known?.has(request.method) ? undefined : known;
    if (allowed !== undefined) reply.header("allow", [...allowed].toSorted().join(", "));
    if (allowed !== undefined && request.method === "OPTIONS") {
      reply.code(204).send();
      return;
    }
    const shown = { method: request.method, path: path.slice(0, 200) };
    const error =
      allowed === undefined
        ? new VoxpoolError("route_not_found", shown)
        : new VoxpoolError("method_not_allowed", { ...shown, allowed: [...allowed].toSorted().join(", ") });
    failures.sendShaped(request, reply, error, shape);
  };
}

function allowedOn(path: string, methods: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> | undefined {
  for (const [url, known] of methods) {
    const fits = url.endsWith("*") ? path.startsWith(url.slice(0, -1)) : path === url;
    if (fits) return known;
  }
  return undefined;
}
