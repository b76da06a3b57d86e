import type { Server } from "node:https";
import type { Socket } from "node:net";
import { VoxpoolError } from "../base/errors.ts";
import { messageLanguage } from "./language.ts";

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
  const error = new VoxpoolError("https_required");
  const { reason, entry } = error;
  const message = error.messageIn(messageLanguage(languages));
  const text = JSON.stringify({ success: false, message, reason, retryable: entry.retryable });
  socket.end(
    `HTTP/1.1 ${entry.status} Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
  // What still arrives is read and dropped for a moment: cutting at once would reset the connection.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(timer));
}
