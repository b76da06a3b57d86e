import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type Server,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import type { Principal } from "../../access/principal.ts";
import type { Api } from "../../api/types.ts";
import { type AddressList, plainAddress } from "../../base/addresses.ts";
import { secureOptions } from "../../base/certificate.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { listenFailure } from "../../base/listen-failure.ts";
import { credentialIn } from "../auth/credentials.ts";
import type { PortGuard } from "../auth/port-guard.ts";
import { forwarded } from "../forwarded.ts";
import { limitConnections } from "../limits/limit-connections.ts";
import type { Limits } from "../limits/limits.ts";
import type { ServedCertificate } from "../served-certificate.ts";
import { retryAfter } from "../shaped-failure.ts";
import { frontTls } from "../tls-front.ts";
import { type ConnectionParts, carry } from "./connection.ts";

export interface VoskServerOptions extends Omit<ConnectionParts, "address" | "principal" | "api"> {
  readonly api: Pick<Api, "openLive">;
  /** Who may connect; everybody who can, if left out. */
  readonly guard?: PortGuard;
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

/**
 * Listens for clients of vosk-server, on any path.
 * @throws VoxpoolError `port_taken`, `config_invalid` if the address cannot be had
 */
export async function listenForVosk(options: VoskServerOptions): Promise<VoskPort> {
  const { certificate, guard } = options;
  const http = serverWith(certificate);
  const addressOf = ({ socket, headers }: IncomingMessage) =>
    (options.proxies && forwarded(socket.remoteAddress, headers, options.proxies)?.address) ??
    plainAddress(socket.remoteAddress);
  http.maxConnections = options.maxConnections;
  if (options.limits !== undefined) limitConnections(http, options.limits);
  const principals = new WeakMap<IncomingMessage, Principal>();
  const sockets = new WebSocketServer({
    server: http,
    maxPayload: options.mostMessageBytes,
    perMessageDeflate: false,
    verifyClient: ({ req }, answer) => void admit(req, { guard, principals, addressOf }, answer),
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
const onRequest: RequestListener = (_, response) => {
  response.writeHead(426, { "content-type": "text/plain; charset=utf-8", upgrade: "websocket" });
  response.end("This port speaks the WebSocket protocol of vosk-server.\n");
};

function serverWith(certificate: ServedCertificate | undefined): Server {
  if (certificate === undefined) return createServer(onRequest);
  const server = createSecureServer(
    { ...secureOptions(certificate.current), handshakeTimeout: handshakeMs },
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
}

/** A client of this protocol can say who it is by its URL alone. */
async function admit(
  request: IncomingMessage,
  { guard, principals, addressOf }: Admission,
  answer: Answer,
): Promise<void> {
  try {
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
