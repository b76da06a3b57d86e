import { type Server as HttpServer, STATUS_CODES } from "node:http";
import type { Server, Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Failure } from "@voxpool/client/contract";
import { VoxpoolError } from "../../base/errors.ts";
import type { Limits } from "./limits.ts";

/** Room for the refusal to reach its reader before the connection is cut. */
const lingerMs = 500;
/** The part of all connections that may take that room at once; all others are cut at once. */
const lingeringShare = 1 / 16;

type OnConnection = (this: Server, socket: Socket) => void;

/**
 * Stands before whatever serves the connections of an HTTP server, with TLS or without: those that are too many are
 * told so in its place, or cut where nothing can be told yet.
 */
export function limitConnections(server: HttpServer, { connect, dropped }: Pick<Limits, "connect" | "dropped">): void {
  const serving = server.listeners("connection") as OnConnection[];
  const refuse = server instanceof TlsServer ? cut : teller(() => Math.ceil(server.maxConnections * lingeringShare));
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    try {
      socket.once("close", connect(socket.remoteAddress));
    } catch (error) {
      refuse(socket, VoxpoolError.from(error));
      return;
    }
    for (const serve of serving) serve.call(server, socket);
  });
  server.on("drop", (data) => dropped(data?.remoteAddress));
}

function cut(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.destroy();
}

/** They count among all connections: a flood of them must leave room for others. */
function teller(mostLingering: () => number): (socket: Socket, error: VoxpoolError) => void {
  const lingering = new Set<Socket>();
  return (socket, error) => {
    if (lingering.size >= mostLingering()) {
      cut(socket);
      return;
    }
    lingering.add(socket);
    socket.on("error", () => undefined);
    socket.end(answerOf(error));
    // The request that is on its way is read and dropped: cutting at once would reset the connection.
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once("close", () => {
      clearTimeout(timer);
      lingering.delete(socket);
    });
  };
}

function answerOf({ entry, message, reason, details }: VoxpoolError): string {
  const body: Failure = { success: false, message, reason, retryable: entry.retryable };
  const text = JSON.stringify(body);
  return (
    `HTTP/1.1 ${entry.status} ${STATUS_CODES[entry.status]}\r\nContent-Type: application/json; charset=utf-8\r\n` +
    `Retry-After: ${String(details.retry_after_seconds)}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n` +
    `Connection: close\r\n\r\n${text}`
  );
}
