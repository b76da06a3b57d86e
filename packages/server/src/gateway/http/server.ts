import { randomBytes } from "node:crypto";
import type { IncomingMessage, RequestListener } from "node:http";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { KeyCalls } from "../../api/keys.ts";
import type { Maintenance } from "../../api/maintenance.ts";
import type { Api } from "../../api/types.ts";
import { type AddressList, addressList } from "../../base/addresses.ts";
import { VoxpoolError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Config } from "../../base/settings.ts";
import { createSpool, type Spool } from "../../base/spool.ts";
import { createMetrics, type Metrics } from "../../observe/metrics.ts";
import type { Readiness } from "../../observe/readiness.ts";
import { type Access, authenticateRequests } from "../auth/authenticate.ts";
import { openAccess } from "../auth/open-access.ts";
import { basePathOf, withoutBasePath } from "../base-path.ts";
import { settleForwarded } from "../forwarded.ts";
import { limitAddresses, limitKeys } from "../limits/limit-requests.ts";
import { createLimits, type LimitConfig, type Limits } from "../limits/limits.ts";
import { createPageChecks, type PageChecks } from "../origin/check-pages.ts";
import { createOrigins, type Origins } from "../origin/origins.ts";
import type { HttpProtocol, ProtocolParts } from "../protocol.ts";
import type { ServedCertificate } from "../served-certificate.ts";
import { beginTrace, noRoute, type TraceSinks } from "../trace.ts";
import { type AnswerUnknownRoute, unknownRoutes } from "../unknown-route.ts";
import { asksForWebSocket, createUpgrades, type Upgrades, type WebSocketPaths } from "../upgrade.ts";
import type { UploadLimits } from "../upload.ts";
import { streamRoutes } from "../ws/stream.ts";
import { administrationRoutes } from "./administration.ts";
import { batchRoutes } from "./batch.ts";
import { catalogRoutes } from "./catalog.ts";
import { routeFailure } from "./failure.ts";
import { keyRoutes, ticketRoutes } from "./keys.ts";
import { createListener } from "./listener.ts";
import { maintenanceRoutes } from "./maintenance.ts";
import { modelRoutes } from "./models.ts";
import { createNativeFailures, type NativeFailures } from "./native-failures.ts";
import { documentRoutes } from "./openapi.ts";
import { type PoolEventRoutesOptions, poolEventRoutes } from "./pool-events.ts";
import { type StatsRoutesOptions, statsRoutes } from "./stats.ts";
import { statusRoutes } from "./status.ts";
import { stoppingSignal } from "./stopping.ts";
import { streamOperation } from "./stream-operation.ts";
import { transcribeRoutes } from "./transcribe.ts";
import { refuseUnknownOptions } from "./unknown-options.ts";

export type HttpConfig = Pick<
  Config,
  | "limits.json_bytes"
  | "limits.body_bytes"
  | "limits.connections"
  | "limits.event_readers"
  | "limits.upload_idle_seconds"
  | "limits.upload_bytes_per_second"
  | "limits.live_idle_seconds"
  | "live.resume_seconds"
  | "limits.spool_bytes"
  | "limits.head_bytes"
  | "limits.url_bytes"
  | "limits.message_bytes"
> &
  LimitConfig &
  // Those of who is reached without a proxy, if they are left out.
  Partial<Pick<Config, "http.base_path" | "proxy.trusted">>;

export interface HttpServerOptions {
  readonly api: Api;
  /** What there is to tell of the pool. */
  readonly observed: StatsRoutesOptions & Pick<PoolEventRoutesOptions, "events" | "pathOf">;
  readonly config: HttpConfig;
  readonly version: string;
  readonly log: Log;
  /** Directory of this server alone, for uploads that have to be kept while they arrive. */
  readonly spoolDirectory: string;
  /** When others keep files there too: the room is one. */
  readonly spool?: Spool;
  /** Whether `/readyz` says so; true by default. */
  readonly ready?: () => boolean;
  /** What `/readyz` looks at; without it: what `ready` says, and nothing else. */
  readonly readiness?: Pick<Readiness, "look">;
  /** How much each visitor may do, where other ports count with this one. */
  readonly limits?: Limits;
  /** Who may come in; everybody by default. */
  readonly access?: Access;
  /** Which pages of browsers may come in; those of the server's own by default. */
  readonly origins?: Origins;
  /** What administrators do with keys; without it there is no `/api/keys`. */
  readonly keys?: KeyCalls;
  /** What operators do with the server; without it there are no routes for it. */
  readonly maintenance?: Maintenance;
  /** With one the port speaks HTTPS; without, HTTP. */
  readonly certificate?: ServedCertificate | undefined;
  /** What else is spoken on this port. */
  readonly protocols?: readonly HttpProtocol[];
  readonly metrics?: Metrics;
  /** Begins the trace of a request; without it nothing is traced. */
  readonly startSpan?: TraceSinks["startSpan"];
  /** Longest time for the head of a request to arrive; 15 s by default. */
  readonly headTimeoutMs?: number;
  /** How often a silent event stream shows that it lives; 10 s by default. */
  readonly heartbeatMs?: number;
  /** How often a reader of events to whom nothing happens is shown that the connection lives; 15 s by default. */
  readonly eventHeartbeatMs?: number;
  /** How often the peer of a WebSocket is asked whether it is there; 20 s by default. */
  readonly pingMs?: number;
}

/**
 * The native HTTP interface: `/api`, probes, metrics and documents. The caller listens and closes; from `close()` on,
 * connections that still live are answered with `server_stopping`, uploads in progress too, and a moment later cut.
 */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { api, config, version, log, headTimeoutMs = 15_000, heartbeatMs = 10_000, protocols = [] } = options;
  const metrics =
    options.metrics ?? createMetrics({ version, loadedInstances: () => api.health().loaded_models_count });
  const failures = createNativeFailures(log);
  const spool =
    options.spool ?? createSpool({ directory: options.spoolDirectory, limitBytes: config["limits.spool_bytes"] });
  const keyNames = new WeakMap<IncomingMessage, string>();
  const keyNameOf = (request: IncomingMessage) => keyNames.get(request);
  const sinks: TraceSinks = { log, metrics, keyNameOf, startSpan: options.startSpan };
  const sockets: WebSocketPaths = new Set();
  const basePath = basePathOf(config["http.base_path"] ?? "");
  const trusted = addressList(config["proxy.trusted"] ?? [], "proxy.trusted");
  const limits = options.limits ?? createLimits({ config, log, proxies: trusted, onRefused: metrics.limited });
  const pages = createPageChecks(options.origins ?? createOrigins({ origins: [], hosts: [] }));
  const fastify = Fastify({
    ...entrance({ ...options, headTimeoutMs, basePath, trusted, limits, sockets }),
    genReqId: requestIds(),
    // Our own hook answers instead, in our shape.
    return503OnClosing: false,
    clientErrorHandler: () => undefined,
    frameworkErrors: (error, request, reply) => {
      beginTrace(request, reply, noRoute, sinks);
      reply.header("x-request-id", request.id);
      pages.mark(request, reply);
      const protocol = protocols.find(({ prefix }) => isBelow(request.raw.url ?? "", prefix));
      const told = thrownBy(() => countAddress(request)) ?? error;
      if (protocol === undefined) failures.send(request, reply, told);
      else failures.sendShaped(request, reply, told, protocol.failure);
    },
    routerOptions: { maxParamLength: 16_384 },
  });
  // Without parsers a body on a path that does not exist is not read before it is refused.
  fastify.removeAllContentTypeParsers();
  fastify.setErrorHandler((error, request, reply) => failures.send(request, reply, error));
  const stopping = stoppingSignal(fastify);
  traceRequests(fastify, sinks, pages);
  const access = options.access ?? openAccess();
  const limited = { limits, mostUrlBytes: () => config["limits.url_bytes"], isOwner: access.isOwner };
  const countAddress = limitAddresses(fastify, limited);
  refuseEarly(fastify, stopping, pages);
  authenticateRequests(fastify, access, { log, onAdmitted: ({ raw }, { name }) => void keyNames.set(raw, name) });
  limitKeys(fastify, limited);
  refuseUnknownOptions(fastify);
  const unknown = unknownRoutes(fastify, failures);
  fastify.setNotFoundHandler(unknown(routeFailure));
  fastify.addHook("onReady", () => spool.prepare());
  documentRoutes(fastify, version, basePath);
  const shared = { basePath, failures, metrics, heartbeatMs, spool, stopping, protocols, unknown, access };
  registerRoutes(fastify, { ...options, ...shared, upgrades: createUpgrades(fastify, sockets) });
  return fastify;
}

interface Entrance extends Pick<HttpServerOptions, "config" | "log" | "certificate"> {
  readonly headTimeoutMs: number;
  readonly basePath: string;
  /** Reverse proxies. */
  readonly trusted: AddressList;
  readonly limits: Limits;
  readonly sockets: WebSocketPaths;
}

/** How connections and requests reach the server: through TLS, limits and proxies. */
function entrance({ config, log, certificate, headTimeoutMs, basePath, trusted, limits, sockets }: Entrance) {
  return {
    serverFactory: (handler: RequestListener) =>
      createListener(handler, {
        maxConnections: config["limits.connections"],
        maxHeadBytes: config["limits.head_bytes"],
        headTimeoutMs,
        log,
        upgrades: (request) => asksForWebSocket(request, sockets, basePath),
        limits,
        certificate,
      }),
    // Both are settled before anything else sees a request: its headers can be taken for true, and its path for ours.
    rewriteUrl: (request: IncomingMessage): string => {
      settleForwarded(request, trusted);
      return withoutBasePath(request.url ?? "/", basePath);
    },
    // What is left of X-Forwarded headers then is one word of a trusted proxy.
    ...(!trusted.isEmpty && { trustProxy: () => true }),
  };
}

interface Parts extends HttpServerOptions {
  readonly basePath: string;
  readonly failures: NativeFailures;
  readonly metrics: Metrics;
  readonly heartbeatMs: number;
  readonly spool: Spool;
  readonly stopping: AbortSignal;
  readonly protocols: readonly HttpProtocol[];
  readonly unknown: AnswerUnknownRoute;
  readonly access: Access;
  readonly upgrades: Upgrades;
}

function registerRoutes(fastify: FastifyInstance, parts: Parts): void {
  const { config, ready = () => true } = parts;
  const uploads = uploadLimits(config, "limits.body_bytes", parts.stopping);
  const bodies = uploadLimits(config, "limits.json_bytes", parts.stopping, true);
  void fastify.register(statusRoutes, { ...parts, ready });
  void fastify.register(modelRoutes, { ...parts, limits: bodies });
  void fastify.register(administrationRoutes, { ...parts, limits: bodies });
  void fastify.register(batchRoutes, { ...parts, limits: bodies });
  void fastify.register(catalogRoutes, { ...parts, limits: bodies });
  void fastify.register(transcribeRoutes, { ...parts, limits: uploads });
  void fastify.register(ticketRoutes, parts.access);
  if (parts.keys !== undefined) void fastify.register(keyRoutes, { keys: parts.keys, limits: bodies });
  void fastify.register(statsRoutes, parts.observed);
  void fastify.register(poolEventRoutes, {
    ...parts.observed,
    mostReaders: config["limits.event_readers"],
    heartbeatMs: parts.eventHeartbeatMs ?? 15_000,
    stallMs: config["limits.upload_idle_seconds"] * 1000,
    stopping: parts.stopping,
  });
  registerStream(fastify, parts);
  if (parts.maintenance) void fastify.register(maintenanceRoutes, { maintenance: parts.maintenance });
  for (const protocol of parts.protocols) speak(fastify, protocol, { ...parts, uploads, bodies, ready });
}

/** Each time as it is in force then: a reload of the configuration changes them. */
function uploadLimits(
  config: HttpConfig,
  setting: "limits.body_bytes" | "limits.json_bytes",
  stopping: AbortSignal,
  wholeBody = false,
): UploadLimits {
  return {
    get maxBytes() {
      return config[setting];
    },
    maxBytesSetting: setting,
    get idleSeconds() {
      return config["limits.upload_idle_seconds"];
    },
    get minBytesPerSecond() {
      return config["limits.upload_bytes_per_second"];
    },
    stopping,
    wholeBody,
  };
}

function registerStream(fastify: FastifyInstance, parts: Parts): void {
  const { config, pingMs = 20_000 } = parts;
  const limits = {
    idleSeconds: config["limits.live_idle_seconds"],
    stallSeconds: config["limits.upload_idle_seconds"],
    resumeSeconds: config["live.resume_seconds"],
    messageBytes: config["limits.message_bytes"],
    pingMs,
  };
  void fastify.register(streamRoutes, { ...parts, limits, route: { operation: streamOperation, scope: "recognize" } });
}

/** Gives a protocol a scope of its own: what fails in it, and what is not there, is said in its shape. */
function speak(
  fastify: FastifyInstance,
  { prefix, failure, routes }: HttpProtocol,
  parts: ProtocolParts & Pick<Parts, "unknown">,
): void {
  const scoped = async (scope: FastifyInstance): Promise<void> => {
    scope.setErrorHandler((error, request, reply) => parts.failures.sendShaped(request, reply, error, failure));
    scope.setNotFoundHandler(parts.unknown(failure));
    routes(scope, parts);
  };
  void fastify.register(scoped, { prefix });
}

/** What a call throws, if it does. */
function thrownBy(call: () => void): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Whether a request's URL lies at or below a prefix. */
function isBelow(url: string, prefix: string): boolean {
  return url.startsWith(prefix) && /^([/?]|$)/.test(url.slice(prefix.length));
}

/** What every request passes first: its id, its trace, and the headers that each answer has. */
function traceRequests(fastify: FastifyInstance, sinks: TraceSinks, pages: PageChecks): void {
  fastify.addHook("onRequest", (request: FastifyRequest, reply: FastifyReply, done) => {
    const route = request.routeOptions.url ?? noRoute;
    beginTrace(request, reply, route, sinks);
    reply.header("x-request-id", request.id);
    pages.mark(request, reply);
    done();
  });
}

/** The refusals that do not depend on the route of a request. */
function refuseEarly(fastify: FastifyInstance, stopping: AbortSignal, pages: PageChecks): void {
  fastify.addHook("onRequest", (request: FastifyRequest, _reply: FastifyReply, done) => {
    const route = request.routeOptions.url ?? noRoute;
    if (stopping.aborted && route !== "/livez") done(new VoxpoolError("server_stopping"));
    else if (request.headers.host === undefined && request.raw.httpVersion === "1.1") {
      done(new VoxpoolError("request_invalid", { detail: "it has no Host header" }));
    } else done();
  });
  pages.check(fastify);
}

/** The caller's own id where it has a harmless shape, else one that no other process gives. */
function requestIds(): (request: Pick<IncomingMessage, "headers">) => string {
  const process = randomBytes(6).toString("hex");
  let count = 0;
  return ({ headers }) => {
    const own = headers["x-request-id"];
    if (typeof own === "string" && /^[\w.:-]{1,128}$/.test(own)) return own;
    count += 1;
    return `${process}-${count.toString(36)}`;
  };
}
