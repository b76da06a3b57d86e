import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";
import { secureOptions } from "../../base/certificate.ts";
import { VoxpoolError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { limitConnections } from "../limits/limit-connections.ts";
import type { Limits } from "../limits/limits.ts";
import { refuseRaw } from "../raw-refusal.ts";
import { deferContinue } from "../request-body.ts";
import type { ServedCertificate } from "../served-certificate.ts";
import { frontTls } from "../tls-front.ts";

export interface ListenerOptions {
  readonly maxConnections: number;
  readonly limits: Pick<Limits, "connect" | "dropped">;
  /** Largest head of a request. */
  readonly maxHeadBytes: number;
  /** Longest time for the head of a request to arrive. */
  readonly headTimeoutMs: number;
  readonly log: Log;
  /** Whether a request becomes a connection of another protocol; it is an `upgrade` event then. */
  readonly upgrades: (request: IncomingMessage) => boolean;
  /** With one the port speaks HTTPS, and HTTP no more. */
  readonly certificate?: Pick<ServedCertificate, "current" | "serve"> | undefined;
}

/** How long a connection without a request is kept; longer than the idle time of the usual reverse proxies. */
const keepAliveMs = 75_000;
/** Room for an answer to what is no HTTP to reach its sender before the connection is cut. */
const lingerMs = 2_000;

/** The HTTP server beneath Fastify: its limits, and its answers to what is not even a request. */
export function createListener(handler: Handler, options: ListenerOptions): Server {
  const server = listenerOf(
    options,
    {
      headersTimeout: options.headTimeoutMs,
      maxHeaderSize: options.maxHeadBytes,
      // Uploads may take as long as they like while something arrives; the readers of bodies watch that.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(options.headTimeoutMs, 5_000),
      keepAliveTimeout: keepAliveMs,
      // Finds peers that vanished without a word while a long recognition runs for them.
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      // A missing Host is answered by us, with a body that says so.
      requireHostHeader: false,
      shouldUpgradeCallback: options.upgrades,
      // As for HTTP, where it is the default.
      noDelay: true,
    },
    handler,
  );
  server.maxConnections = options.maxConnections;
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    deferContinue(request, response);
    handler(request, response);
  });
  // RFC 9110 lets a server ignore expectations that it does not know.
  server.on("checkExpectation", handler);
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    options.log.debug({ code: error.code }, "not a request");
    answerClientError(error, socket, options.maxHeadBytes);
  });
  limitConnections(server, options.limits);
  return server;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function listenerOf({ certificate, headTimeoutMs }: ListenerOptions, options: ServerOptions, handler: Handler): Server {
  if (certificate === undefined) return createServer(options, handler);
  const secure = { ...options, ...secureOptions(certificate.current), handshakeTimeout: headTimeoutMs };
  const server = createSecureServer(secure, handler);
  certificate.serve(server);
  frontTls(server, headTimeoutMs);
  return server;
}

const refused = new WeakSet<Socket>();

/** Answers bytes that are no HTTP request with our failure shape, as far as an answer can still be sent. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket, maxHeadBytes: number): void {
  // The parser reports again for whatever still arrives after the first report.
  if (refused.has(socket)) return;
  refused.add(socket);
  if (error.code === "ECONNRESET" || !socket.writable || answerUnderWay(socket)) {
    socket.destroy();
    return;
  }
  refuseRaw(socket, { ...explain(error.code, maxHeadBytes), lingerMs });
}

/** Whether the head of an answer is out on this connection already: a second one would be garbage in the first. */
function answerUnderWay(socket: Socket): boolean {
  // oxlint-disable-next-line no-underscore-dangle -- Node's own handler asks the same; nothing public tells it.
  const response = (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage;
  return response?.headersSent === true;
}

const explanations: Readonly<Record<string, { readonly status: number; readonly detail: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: "its head did not arrive in time" },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, detail: "its chunk extensions are too large" },
};

const notReadable = { status: 400, detail: "it is no HTTP/1.1 request that can be read" };

function explain(
  code: string | undefined,
  limit_bytes: number,
): { readonly status: number; readonly error: VoxpoolError } {
  if (code === "HPE_HEADER_OVERFLOW") {
    return { status: 431, error: new VoxpoolError("head_too_large", { limit_bytes, setting: "limits.head_bytes" }) };
  }
  const { status, detail } = explanations[code ?? ""] ?? notReadable;
  return { status, error: new VoxpoolError("request_invalid", { detail }) };
}
