import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import { systemText } from "../base/system-text.ts";

/** A socket that only the owner of the state directory can open. */
export interface OwnerSocket {
  /** Takes no further connections. Safe to call twice. */
  close(): void;
}

export interface OwnerSocketOptions {
  /** Of the socket: `ownerSocketPath`. */
  readonly path: string;
  /** The server of HTTP, which answers here as on its port. */
  readonly http: Server;
  /** Told of each connection before anything is read of it. */
  readonly onOwner: (socket: Socket) => void;
  /** Told why there is no such socket; the server works without. */
  readonly onFailure: (detail: string) => void;
}

/**
 * Listens where only the owner can connect. Has to be called by the one who has the lock of the state directory: what
 * lies at the path was left by a process that is gone.
 */
export async function openOwnerSocket({ path, http, onOwner, onFailure }: OwnerSocketOptions): Promise<OwnerSocket> {
  const isPipe = path.startsWith("\\\\");
  // A server with TLS takes what is decrypted already under another name.
  const event = http instanceof TlsServer ? "secureConnection" : "connection";
  const server = createServer((socket) => {
    onOwner(socket);
    http.emit(event, socket);
  });
  try {
    if (!isPipe) rmSync(path, { force: true });
    await listen(server, path);
    if (!isPipe) chmodSync(path, 0o600);
  } catch (error) {
    server.close();
    onFailure(systemText(error));
  }
  return {
    close() {
      // Its connections are those of the HTTP server, which ends them.
      server.close();
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // From its first moment nobody else can open it.
    const before = process.umask(0o177);
    try {
      server.once("error", reject);
      server.listen(path, resolve);
    } finally {
      process.umask(before);
    }
  });
}
