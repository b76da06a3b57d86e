import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import type { Api } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { systemText } from "../../base/system-text.ts";
import { type ConnectionParts, carry } from "./connection.ts";

export interface VoskServerOptions extends Omit<ConnectionParts, "caller" | "api"> {
  readonly api: Pick<Api, "openLive">;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Connections at once. */
  readonly maxConnections: number;
}

/** A port that speaks another protocol. */
export interface ProtocolPort {
  /** Where it is reached. */
  readonly url: string;
  /** Tells those who are connected, and ends. Safe to call twice. */
  close(): Promise<void>;
}

/** Clients send some kilobytes; a second of the highest rate is less than this. */
const mostMessageBytes = 1 << 20;
/** A client of whom nothing is heard for two of these is gone. */
const pingMs = 20_000;

/**
 * Listens for clients of vosk-server, on any path.
 * @throws VoxpoolError `config_invalid` if the address cannot be had
 */
export async function listenForVosk(options: VoskServerOptions): Promise<ProtocolPort> {
  const http = createServer((_, response) => {
    response.writeHead(426, { "content-type": "text/plain; charset=utf-8", upgrade: "websocket" });
    response.end("This port speaks the WebSocket protocol of vosk-server.\n");
  });
  http.maxConnections = options.maxConnections;
  const sockets = new WebSocketServer({ server: http, maxPayload: mostMessageBytes, perMessageDeflate: false });
  sockets.on("error", () => undefined); // of the port: told by listen()
  sockets.on("connection", (socket, request) => {
    const caller = { client: addressOf(request), kind: "address", language: "en" } as const;
    void carry(socket, { ...options, caller });
  });
  const stopPings = pingAll(sockets);
  await listen(http, options);
  const { port } = http.address() as AddressInfo;
  options.log.info({ port }, "vosk-server clients are served");
  let closing: Promise<void> | undefined;
  return {
    url: `ws://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`,
    close() {
      closing ??= closeAll(http, sockets, stopPings);
      return closing;
    },
  };
}

/** Half-open connections end: who does not answer a ping until the next one is gone. */
function pingAll(sockets: WebSocketServer): () => void {
  const silent = new WeakSet<object>();
  sockets.on("connection", (socket) => {
    socket.on("pong", () => silent.delete(socket));
    socket.on("message", () => silent.delete(socket));
  });
  const timer = setInterval(() => {
    for (const socket of sockets.clients) {
      // Of a paused socket nothing is read, pongs neither.
      if (silent.has(socket) && !socket.isPaused) socket.terminate();
      silent.add(socket);
      socket.ping();
    }
  }, pingMs);
  timer.unref();
  return () => clearInterval(timer);
}

function listen(http: Server, { host, port }: VoskServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once("error", (error) => {
      const detail = `cannot listen on ${host} port ${port}: ${systemText(error)}`;
      reject(new VoxpoolError("config_invalid", { source: "vosk.host, vosk.port", detail }, { cause: error }));
    });
    http.listen(port, host, resolve);
  });
}

async function closeAll(http: Server, sockets: WebSocketServer, stopPings: () => void): Promise<void> {
  stopPings();
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

const addressOf = ({ socket }: IncomingMessage): string => (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
