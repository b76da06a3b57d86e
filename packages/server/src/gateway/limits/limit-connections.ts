import type { Server as HttpServer } from "node:http";
import type { Server, Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import { VoxpoolError } from "../../base/errors.ts";
import { refuseRaw } from "../raw-refusal.ts";
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
    const headers = { "Retry-After": String(error.details.retry_after_seconds) };
    refuseRaw(socket, { error, headers, lingerMs });
    socket.once("close", () => lingering.delete(socket));
  };
}
