import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { type WebSocket, WebSocketServer } from "ws";
import { VoxpoolError } from "../base/errors.ts";
import { withoutBasePath } from "./base-path.ts";
import { traceAnswered } from "./trace.ts";

/** What a route does with WebSocket connections. */
export interface WebSocketRoute {
  /** A message that is larger, in bytes, closes its connection with 1009. */
  readonly maxMessageBytes: number;
  /** Chooses one of the subprotocols that a client offers; by default none of them. */
  readonly subprotocol?: (offered: ReadonlySet<string>) => string | undefined;
  /** Called once for each connection, before any of its messages is read: listeners are to be set at once. */
  readonly onConnection: (socket: WebSocket, request: FastifyRequest, reply: FastifyReply) => void;
}

export interface Upgrades {
  /**
   * The handler of a GET route whose `config.webSocket` is true. Hooks run first, as for every request: what they
   * refuse is a plain HTTP answer. A request without an upgrade throws `upgrade_required`.
   */
  handler(route: WebSocketRoute): (request: FastifyRequest, reply: FastifyReply) => void;
}

declare module "fastify" {
  interface FastifyContextConfig {
    webSocket?: true;
  }
}

/** The paths that take WebSockets: the listener has to know them before Fastify sees a request. */
export type WebSocketPaths = Set<string>;

/** A connection that asked for another protocol, and has its answer to come. */
interface Waiting {
  readonly socket: Socket;
  /** What arrived behind the head of the request. */
  readonly head: Buffer;
}

/** Room for the last messages of a server that stops before what is left is cut. */
const lastMessagesMs = 1_000;
/** A peer that does not answer a close is cut. */
const closeMs = 5_000;

/**
 * Whether a request asks for a WebSocket where there is one. All others are requests like any other, whatever they
 * would rather speak: Java's client asks for HTTP/2 in its first request, with a body that must not be lost.
 */
export function asksForWebSocket(
  { method, url = "", headers }: IncomingMessage,
  paths: WebSocketPaths,
  basePath = "",
): boolean {
  const isWebSocket = headers.upgrade?.toLowerCase() === "websocket";
  return isWebSocket && method === "GET" && paths.has(withoutBasePath(url, basePath).split("?", 1)[0] ?? "");
}

/**
 * WebSockets on the port of a Fastify server. Has to be called before the routes are registered. When the server
 * closes, connections that are still open are closed with 1001, and a moment later cut.
 */
export function createUpgrades(fastify: FastifyInstance, paths: WebSocketPaths): Upgrades {
  const waiting = new WeakMap<IncomingMessage, Waiting>();
  const open = new Set<WebSocket>();
  fastify.addHook("onRoute", ({ config, url }: RouteOptions) => {
    if (config?.webSocket === true) paths.add(url);
  });
  fastify.server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    waiting.set(request, { socket, head });
    fastify.routing(request, responseOn(socket, request));
  });
  fastify.addHook("preClose", (done) => {
    closeAll(fastify, open);
    done();
  });
  return {
    handler(route) {
      const accept = acceptor(route);
      return (request, reply) => {
        const asking = waiting.get(request.raw);
        if (asking === undefined) {
          reply.header("upgrade", "websocket");
          throw new VoxpoolError("upgrade_required", { path: request.raw.url?.split("?", 1)[0] ?? "" });
        }
        const socket = accept(request.raw, asking);
        reply.hijack();
        // The peer has gone meanwhile.
        if (socket === undefined) return;
        open.add(socket);
        socket.once("close", () => open.delete(socket));
        // The log has one line for a connection, at its end.
        reply.raw.statusCode = 101;
        traceAnswered(reply.raw);
        // Without a listener what is wrong with one connection would end the process; `close` follows, and tells it.
        socket.on("error", () => undefined);
        route.onConnection(socket, request, reply);
      };
    },
  };
}

/** Where a refusal is written. Node has taken its parser from the connection: there is no second request on it. */
function responseOn(socket: Socket, request: IncomingMessage): ServerResponse {
  socket.on("error", () => socket.destroy());
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => socket.end(() => socket.destroy()));
  return response;
}

/** @throws VoxpoolError `request_invalid` if it is no handshake */
type Accept = (request: IncomingMessage, waiting: Waiting) => WebSocket | undefined;

function acceptor({ maxMessageBytes, subprotocol }: WebSocketRoute): Accept {
  const options = {
    noServer: true,
    clientTracking: false,
    // Compressed messages would be bombs, and speech does not shrink.
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    // Not in its types yet.
    closeTimeout: closeMs,
    // By default it would be the first one, which may be a secret.
    handleProtocols: (offered: Set<string>) => subprotocol?.(offered) ?? (false as const),
  };
  const server = new WebSocketServer(options);
  // With a listener the refusal is ours; `accept` throws it.
  server.on("wsClientError", () => undefined);
  return (request, { socket, head }) => {
    let accepted: WebSocket | undefined;
    // It calls back before it returns.
    server.handleUpgrade(request, socket, head, (webSocket) => {
      accepted = webSocket;
    });
    if (accepted === undefined && !socket.destroyed) {
      throw new VoxpoolError("request_invalid", { detail: "it is no WebSocket handshake of version 13" });
    }
    return accepted;
  };
}

function closeAll(fastify: FastifyInstance, open: ReadonlySet<WebSocket>): void {
  // Protocols that have more to say have said it by now, when they were told that the server stops.
  for (const socket of open) socket.close(1001, "server_stopping");
  const timer = setTimeout(() => {
    for (const socket of open) socket.terminate();
  }, lastMessagesMs);
  timer.unref();
  fastify.server.once("close", () => clearTimeout(timer));
}
