import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { Failure, RouteFailure } from "@voxpool/client/contract";
import type { FastifyInstance, RouteOptions } from "fastify";
import type { RouteScope } from "../../access/scopes.ts";
import { pageHeaders } from "../origin/security-headers.ts";
import { failures, json, type Operation } from "./operation.ts";

/** A document of the OpenAPI specification 3.1. */
type OpenApiDocument = Record<string, unknown>;

interface DocumentedRoute {
  readonly method: string;
  readonly url: string;
  readonly operation: Operation;
  readonly scope: RouteScope;
}

/**
 * `/openapi.json` and `/docs`, out of the operations that the routes carry. Has to be called before the routes are
 * registered. The page is served from files of this installation: it works with no network.
 */
export function documentRoutes(fastify: FastifyInstance, version: string, basePath = ""): void {
  const routes: DocumentedRoute[] = [];
  const document: OpenApiDocument = {};
  fastify.addHook("onRoute", (route: RouteOptions) => {
    const { operation, scope = "admin" } = route.config ?? {};
    if (operation === undefined) return;
    for (const method of [route.method].flat()) {
      if (method !== "HEAD") routes.push({ method, url: route.url, operation, scope });
    }
  });
  fastify.addHook("onReady", (done) => {
    Object.assign(document, openApiDocument(routes, version, basePath));
    done();
  });
  void fastify.register(async (scope) => {
    // They tell what there is, and nothing of the models.
    scope.addHook("onRoute", (route: RouteOptions) => {
      route.config = { ...route.config, scope: "any" };
    });
    scope.addHook("onRequest", (_request, reply, done) => {
      reply.headers(pageHeaders);
      done();
    });
    scope.addHook("onSend", (_request, reply, _payload, done) => {
      const to = reply.getHeader("location");
      if (typeof to === "string" && to.startsWith("/docs")) reply.header("location", `${basePath}${to}`);
      done();
    });
    await scope.register(swagger, { mode: "static", specification: { document: document as never } });
    // Its own files are found by the path that the browser sees.
    await scope.register(swaggerUi, { routePrefix: "/docs", ...(basePath !== "" && { indexPrefix: basePath }) });
    scope.get("/openapi.json", () => document);
  });
}

/** The document for these routes; schemas with an `$id` become components, referred to by name. */
function openApiDocument(routes: readonly DocumentedRoute[], version: string, basePath: string): OpenApiDocument {
  const components: Record<string, unknown> = {};
  const paths: Record<string, Record<string, unknown>> = {};
  const refer = (value: unknown): unknown => withReferences(value, components);
  for (const { method, url, operation, scope } of routes) {
    const wildcard = operation.parameters?.find((parameter) => parameter.in === "path")?.name ?? "path";
    const path = url.replace("*", `{${wildcard}}`);
    paths[path] = { ...paths[path], [method.toLowerCase()]: refer(operationObject(operation, scope)) };
  }
  // Any path can answer these; no route has them for its own.
  refer(RouteFailure);
  return {
    openapi: "3.1.0",
    info: {
      title: "voxpool",
      version,
      description:
        "Every JSON answer carries `success`. A failure carries `message`, `reason` (a name of the error catalogue) " +
        "and `retryable`; unknown routes and wrong methods answer a RouteFailure. Where the server asks for keys " +
        "(`auth.required`), the scope of each route is in its `security`.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: basePath === "" ? "/" : basePath }],
    tags: [{ name: "recognition" }, { name: "models" }, { name: "server" }],
    paths,
    components: { schemas: components, securitySchemes },
  };
}

/** How a key can be carried. */
const securitySchemes = {
  bearer: { type: "http", scheme: "bearer" },
  basic: { type: "http", scheme: "basic", description: "The key is the password; the name says nothing." },
  header: { type: "apiKey", in: "header", name: "X-API-Key" },
};

/** What a key has to allow, where the server asks for keys. */
function securityOf(scope: RouteScope): Record<string, unknown> {
  if (scope === "public") return { security: [] };
  const scopes = scope === "any" ? [] : [scope];
  const ways = Object.keys(securitySchemes).map((name) => ({ [name]: scopes }));
  return { security: [...ways, {}] }; // without one where the server asks for none
}

/** From before its route is known: a head that is too large. */
const tooLarge = { 431: { description: "request_invalid", content: json(Failure) } };

const refusals = failures([
  "key_missing",
  "key_invalid",
  "key_expired",
  "ticket_invalid",
  "scope_missing",
  "origin_not_allowed",
  "host_not_allowed",
  "too_many_failed_attempts",
  "rate_limited",
  "too_many_requests",
  "url_too_long",
]);

function operationObject(operation: Operation, scope: RouteScope): Record<string, unknown> {
  const { summary, description, tag, parameters, body, responses, messages } = operation;
  const all = { ...tooLarge, ...(scope !== "public" && refusals), ...responses };
  const answers = Object.entries(all).map(([status, answer]) => [
    status,
    { description: answer.description, content: mediaTypes(answer.content) },
  ]);
  return {
    summary,
    ...(description !== undefined && { description }),
    tags: [tag],
    ...(parameters !== undefined && { parameters }),
    ...(body !== undefined && { requestBody: { required: true, content: mediaTypes(body) } }),
    ...securityOf(scope),
    responses: Object.fromEntries(answers),
    // OpenAPI has no word for them.
    ...(messages !== undefined && { "x-websocket-messages": messages }),
  };
}

function mediaTypes(content: ReturnType<typeof json>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
}

/** A copy in which every schema with an `$id` is a reference to its component, which is added where it is new. */
function withReferences(value: unknown, components: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, components));
  if (typeof value !== "object" || value === null) return value;
  const { $id, ...rest } = value as Record<string, unknown>;
  const copy = (): Record<string, unknown> =>
    Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, withReferences(item, components)]));
  if (typeof $id !== "string") return copy();
  if (!($id in components)) {
    components[$id] = undefined; // Taken before it is filled, or a schema that holds itself would never end.
    components[$id] = copy();
  }
  return { $ref: `#/components/schemas/${$id}` };
}
