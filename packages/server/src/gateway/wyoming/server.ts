import { rm, stat } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type ListenOptions, type Server, type Socket } from "node:net";
import type { Api } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { listenFailure } from "../../base/listen-failure.ts";
import { systemText } from "../../base/system-text.ts";
import type { Limits } from "../limits/limits.ts";
import { type ConnectionParts, carry, refuse } from "./connection.ts";
import { createDescription } from "./describe.ts";

export interface WyomingOptions extends Pick<ConnectionParts, "log" | "patience" | "guard"> {
  readonly api: Pick<Api, "openLive" | "availableModels">;
  readonly version: string;
  /** Where it listens: on a port (0: a free one), on a Unix socket, or both. */
  readonly tcp?: { readonly host: string; readonly port: number };
  readonly socketPath?: string;
  /** Connections that are open at once, on both together. */
  readonly maxConnections: number;
  /** Of one address; none if left out. */
  readonly limits?: Pick<Limits, "connect">;
  /** Told the port when it listens; what it returns ends the announcement. */
  readonly announce?: (port: number) => { close(): Promise<void> };
}

/** Where it is reached, and its end. */
export interface WyomingPort {
  /** `tcp://host:port` or `unix:///path`, as clients write it. */
  readonly url: string;
  /** Tells those who are connected, and ends. Safe to call twice. */
  close(): Promise<void>;
}

/** The Wyoming protocol on TCP and on a Unix socket. @throws VoxpoolError `port_taken`, `config_invalid` */
export async function listenForWyoming(options: WyomingOptions): Promise<WyomingPort> {
  const { tcp, socketPath, log } = options;
  const ended = new AbortController();
  const open = createOpener(options, ended.signal);
  let announced: { close(): Promise<void> } | undefined;
  let closing: Promise<unknown> | undefined;
  const close = async () => {
    ended.abort(new VoxpoolError("server_stopping"));
    closing ??= Promise.all([open.close(), announced?.close()]);
    await closing;
  };
  const urls: string[] = [];
  try {
    if (tcp !== undefined) {
      const refusal = (error: unknown) => listenFailure(error, { ...tcp, setting: "wyoming.port" });
      const { port } = (await open.listen(tcp, refusal)).address() as AddressInfo;
      log.info({ host: tcp.host, port }, "Wyoming listens");
      urls.push(`tcp://${tcp.host.includes(":") ? `[${tcp.host}]` : tcp.host}:${port}`);
      announced = options.announce?.(port);
    }
    if (socketPath !== undefined) {
      await removeLeftover(socketPath);
      await open.listen({ path: socketPath }, (error) => {
        const detail = `cannot listen: ${systemText(error)}`;
        return new VoxpoolError("config_invalid", { source: "wyoming.socket", detail }, { cause: error });
      });
      log.info({ path: socketPath }, "Wyoming listens");
      urls.push(`unix://${socketPath}`);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { url: urls[0] ?? "", close };
}

/** Listens in several places; their connections are counted together. */
function createOpener({ api, version, maxConnections, limits, ...parts }: WyomingOptions, signal: AbortSignal) {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const { info } = createDescription(api, version);
  void info(); // so that something is known when the first one asks
  const onConnection = (socket: Socket): void => {
    try {
      if (sockets.size >= maxConnections) {
        throw new VoxpoolError("too_many_connections", { limit: maxConnections, setting: "wyoming.connections" });
      }
      if (limits !== undefined) socket.once("close", limits.connect(socket.remoteAddress));
    } catch (error) {
      refuse(socket, VoxpoolError.from(error));
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    void carry(socket, { ...parts, api, info, signal });
  };
  return {
    async listen(where: ListenOptions, refusal: (error: unknown) => VoxpoolError): Promise<Server> {
      // A sender may end its side, and still waits for the transcript.
      const halves = { allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: 60_000, noDelay: true };
      const server = createServer(halves, onConnection);
      servers.push(server);
      await listening(server, where, refusal);
      server.on("error", () => undefined); // of a connection that could not be taken
      return server;
    },
    async close(): Promise<void> {
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      await Promise.all(closed);
    },
  };
}

function listening(server: Server, where: ListenOptions, refusal: (error: unknown) => VoxpoolError): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(refusal(error)));
    server.listen(where, resolve);
  });
}

/** A server that was killed leaves its socket behind. One that answers is in use, and stays. */
async function removeLeftover(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isSocket() !== true) return;
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => resolve(true));
    probe.once("error", () => resolve(false)).once("connect", () => probe.destroy());
  });
  if (!isAlive) await rm(path, { force: true });
}
