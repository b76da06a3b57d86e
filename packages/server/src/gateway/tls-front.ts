import type { Server } from "node:https";
import type { Socket } from "node:net";
import { VoxpoolError } from "../base/errors.ts";
import { messageLanguage } from "./language.ts";
import { refuseRaw } from "./raw-refusal.ts";

/** Room for the answer to reach a client that does not speak TLS. */
const lingerMs = 2_000;

/**
 * Looks at the first byte of each connection to an HTTPS server: who speaks plain HTTP is told what the port wants,
 * all others go on to TLS. The server's `closeAllConnections` knows connections with a request alone; from now on it
 * ends those in their handshake too, for which a server that closes would wait.
 * @param patienceMs a client that says nothing for so long is let go
 */
export function frontTls(server: Server, patienceMs: number): void {
  const secure = server.listeners("connection");
  server.removeAllListeners("connection");
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    // Nobody else listens yet, and an error without a listener ends the process.
    socket.on("error", () => socket.destroy());
    const timer = setTimeout(() => socket.destroy(), patienceMs);
    socket.once("close", () => clearTimeout(timer));
    socket.once("readable", () => {
      clearTimeout(timer);
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return void socket.destroy(); // it has ended without a word
      if (isPlainHttp(bytes)) return refuse(socket, bytes);
      socket.unshift(bytes);
      for (const listener of secure) Reflect.apply(listener, server, [socket]);
    });
  });
  const closeAll = server.closeAllConnections.bind(server);
  server.closeAllConnections = () => {
    for (const socket of open) socket.destroy();
    closeAll();
  };
}

/** A record of TLS begins with 22; methods of HTTP are written in capital letters. */
function isPlainHttp(bytes: Buffer): boolean {
  const [first = 0] = bytes;
  return first >= 0x41 && first <= 0x5a;
}

/** @param head what has come of the request; nothing but the language of its sender is read of it */
function refuse(socket: Socket, head: Buffer): void {
  const [, languages] = /^accept-language:(.{1,200})$/im.exec(head.toString("latin1", 0, 16_384)) ?? [];
  refuseRaw(socket, { error: new VoxpoolError("https_required"), language: messageLanguage(languages), lingerMs });
}
