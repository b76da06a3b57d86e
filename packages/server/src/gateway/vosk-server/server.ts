import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type Server,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";
import { WebSocketServer } from "ws";
import type { Principal } from "../../access/principal.ts";
import type { Api } from "../../api/types.ts";
import { type AddressList, plainAddress } from "../../base/addresses.ts";
import { secureOptions } from "../../base/certificate.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { listenFailure } from "../../base/listen-failure.ts";
import { credentialIn } from "../auth/credentials.ts";
import type { PortGuard } from "../auth/port-guard.ts";
import { type Forwarded, forwarded } from "../forwarded.ts";
import { limitConnections } from "../limits/limit-connections.ts";
import type { Limits } from "../limits/limits.ts";
import { pageOf, refusalOf } from "../origin/check-pages.ts";
import { createOrigins, type Origins } from "../origin/origins.ts";
import { securityHeaders } from "../origin/security-headers.ts";
import type { ServedCertificate } from "../served-certificate.ts";
import { retryAfter } from "../shaped-failure.ts";
import { frontTls } from "../tls-front.ts";
import { type ConnectionParts, carry } from "./connection.ts";

export interface VoskServerOptions extends Omit<ConnectionParts, "address" | "principal" | "api"> {
  readonly api: Pick<Api, "openLive">;
  /** Who may connect; everybody who can, if left out. */
  readonly guard?: PortGuard;
  /** Which pages of browsers may connect; those of this very port, if left out. */
  readonly origins?: Origins;
  /** Whose word about their clients counts; nobody's, if left out. */
  readonly proxies?: AddressList;
  /** With one the port speaks wss; without, ws. */
  readonly certificate?: ServedCertificate | undefined;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Connections at once. */
  readonly maxConnections: number;
  /** Of one address; none if left out. */
  readonly limits?: Limits;
  /** A message that is larger closes its connection. Clients send some kilobytes. */
  readonly mostMessageBytes: number;
}

/** Where it is reached, and its end. */
export interface VoskPort {
  readonly url: string;
  /** Tells those who are connected, and ends. Safe to call twice. */
  close(): Promise<void>;
}

const handshakeMs = 15_000;
/** A request is nothing but a head. */
const patience = { headersTimeout: handshakeMs, requestTimeout: handshakeMs };

/**
 * Listens for clients of vosk-server, on any path.
 * @throws VoxpoolError `port_taken`, `config_invalid` if the address cannot be had
 */
export async function listenForVosk(options: VoskServerOptions): Promise<VoskPort> {
  const { certificate, guard, origins = createOrigins({ origins: [], hosts: [] }) } = options;
  const http = serverWith(certificate);
  const said = ({ socket, headers }: IncomingMessage) =>
    options.proxies && forwarded(socket.remoteAddress, headers, options.proxies);
  const addressOf = (request: IncomingMessage) => said(request)?.address ?? plainAddress(request.socket.remoteAddress);
  const refusalFor = (request: IncomingMessage) => refusalOfPage(request, said(request), origins);
  http.maxConnections = options.maxConnections;
  if (options.limits !== undefined) limitConnections(http, options.limits);
  const principals = new WeakMap<IncomingMessage, Principal>();
  const sockets = new WebSocketServer({
    server: http,
    maxPayload: options.mostMessageBytes,
    perMessageDeflate: false,
    verifyClient: ({ req }, answer) => void admit(req, { guard, principals, addressOf, refusalFor }, answer),
    // By default it would be the first one, which may be a key.
    handleProtocols: () => false,
  });
  sockets.on("error", () => undefined); // of the port: told by listen()
  sockets.on("connection", (socket, request) => {
    const principal = principals.get(request);
    void carry(socket, { ...options, address: addressOf(request), ...(principal && { principal }) });
  });
  await listen(http, options);
  const { port } = http.address() as AddressInfo;
  options.log.info({ port }, "vosk-server clients are served");
  let closing: Promise<void> | undefined;
  return {
    url: `${certificate ? "wss" : "ws"}://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`,
    close() {
      closing ??= closeAll(http, sockets);
      return closing;
    },
  };
}

/** What is no WebSocket is told what this is. */
const onRequest: RequestListener = ({ socket, headers }, response) => {
  const safe = securityHeaders({ isTls: socket instanceof TLSSocket, host: headers.host });
  const more = { "content-type": "text/plain; charset=utf-8", upgrade: "websocket", connection: "close" };
  response.writeHead(426, { ...safe, ...more });
  response.end("This port speaks the WebSocket protocol of vosk-server.\n");
};

function serverWith(certificate: ServedCertificate | undefined): Server {
  if (certificate === undefined) return createServer(patience, onRequest);
  const server = createSecureServer(
    { ...patience, ...secureOptions(certificate.current), handshakeTimeout: handshakeMs },
    onRequest,
  );
  certificate.serve(server);
  frontTls(server, handshakeMs);
  return server;
}

type Answer = (isAdmitted: boolean, status?: number, text?: string, headers?: OutgoingHttpHeaders) => void;

interface Admission {
  readonly guard: PortGuard | undefined;
  readonly principals: WeakMap<IncomingMessage, Principal>;
  readonly addressOf: (request: IncomingMessage) => string;
  /** Undefined: its page, if it has one, may connect. */
  readonly refusalFor: (request: IncomingMessage) => VoxpoolError | undefined;
}

/** A client of this protocol can say who it is by its URL alone. */
async function admit(
  request: IncomingMessage,
  { guard, principals, addressOf, refusalFor }: Admission,
  answer: Answer,
): Promise<void> {
  try {
    const refusal = refusalFor(request);
    if (refusal !== undefined) throw refusal;
    const secret = new URLSearchParams(request.url?.split("?", 2)[1]).get("key");
    const credential = secret ? ({ type: "key", secret } as const) : credentialIn(request.headers);
    const principal = await guard?.admit(addressOf(request), credential);
    if (principal !== undefined) principals.set(request, principal);
    answer(true);
  } catch (thrown) {
    const error = VoxpoolError.from(thrown);
    const { status } = error.entry;
    const { retryAfterSeconds } = retryAfter(error);
    answer(false, status, error.message, {
      ...(status === 401 && { "www-authenticate": 'Basic realm="voxpool"' }),
      ...(retryAfterSeconds !== undefined && { "retry-after": String(retryAfterSeconds) }),
    });
  }
}

/** Why the page that a request comes from may not connect. */
function refusalOfPage({ headers, socket }: IncomingMessage, said: Forwarded | undefined, origins: Origins) {
  const host = said?.host ?? headers.host;
  const isHttps = said?.proto === "https" || socket instanceof TLSSocket;
  return refusalOf(origins.judge({ ...pageOf(headers), method: "GET", host, isHttps }));
}

function listen(http: Server, { host, port }: VoskServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once("error", (error) => reject(listenFailure(error, { host, port, setting: "vosk.port" })));
    http.listen(port, host, resolve);
  });
}

async function closeAll(http: Server, sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) socket.close(1001);
  const closed = new Promise<void>((resolve) => {
    http.close(() => resolve());
  });
  // Who does not answer the close is cut.
  const timer = setTimeout(() => {
    for (const socket of sockets.clients) socket.terminate();
    http.closeAllConnections();
  }, 1000);
  await closed;
  clearTimeout(timer);
  sockets.close();
}
