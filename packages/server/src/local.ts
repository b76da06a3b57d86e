import type { Server } from "node:http";
import { join } from "node:path";
import { type Duplex, duplexPair } from "node:stream";
import { httpTransport, type Transport, TransportError } from "@voxpool/client/node";
import { Agent, type buildConnector, fetch as fetchThrough, type RequestInit as ThroughInit, WebSocket } from "undici";
import { configFrom } from "./base/config.ts";
import { VoxpoolError } from "./base/errors.ts";
import { type Log, silentLog } from "./base/log.ts";
import { stateDirectory } from "./base/paths.ts";
import type { Config } from "./base/settings.ts";
import { takeWorkDirectory } from "./base/work-directory.ts";
import type { PullEvent } from "./catalog/pull.ts";
import { compose, type Parts } from "./compose/compose.ts";

export type { Log } from "./base/log.ts";
export type { Config } from "./base/settings.ts";
export type { PullEvent } from "./catalog/pull.ts";

/** How a pool inside an application is set up; everything has the default of the server. */
export interface LocalOptions {
  /** Directories that hold models, one or more; relative ones to the working directory. Default `model`. */
  readonly modelDir?: string | readonly string[];
  /** Model for requests that name none. Default: `cn` when it is there, else `en/tiny`. */
  readonly defaultModel?: string;
  /** Where the native parts of engines are kept; shared with servers and other applications of the same user. */
  readonly stateDir?: string;
  /** All other settings of a server, by key: `{ "schedule.cores": 2 }`. Neither environment nor files are read. */
  readonly settings?: Partial<Config>;
  /** Told what operators want to know; nobody by default. */
  readonly log?: Log;
  /** Told about downloads of native parts. */
  readonly onProgress?: (event: PullEvent) => void;
}

/** Carries the requests of a client to a pool in this process. */
export interface LocalTransport extends Transport {
  /** Ends the pool: requests in progress fail, and no process is left. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * A whole pool inside an application: the same calls with the same answers as those of a server, without a port, and
 * with no lock on the state directory, so that any number of applications may have one. Models that are not there are
 * not fetched. It keeps the process alive until it is closed; however the process ends, its model processes end too.
 * @throws VoxpoolError `config_invalid`
 */
export async function createLocalTransport(options: LocalOptions = {}): Promise<LocalTransport> {
  const pool = await openPool(options);
  const wire = new Agent({ connect: connector(pool.server), headersTimeout: 0, bodyTimeout: 0 });
  const through = async (url: unknown, init: unknown) =>
    fetchThrough(String(url), { ...(init as ThroughInit), dispatcher: wire }) as unknown as Promise<Response>;
  class Socket extends WebSocket {
    constructor(url: string) {
      super(url, { dispatcher: wire });
    }
  }
  const http = httpTransport("http://voxpool.invalid/api", { fetch: through, WebSocket: Socket });
  const close = async () => {
    await pool.close();
    await wire.destroy();
  };
  let closed: Promise<void> | undefined;
  const throwIfClosed = () => {
    // Nothing of it has arrived anywhere.
    if (closed !== undefined) throw new TransportError("server_unreachable", false, "it is closed");
  };
  return {
    target: "the pool of this process",
    async send(request) {
      throwIfClosed();
      return http.send(request);
    },
    async openSocket(request) {
      throwIfClosed();
      return http.openSocket(request);
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}

/** A server that listens nowhere. */
async function openPool(options: LocalOptions): Promise<{ server: Server; close(): Promise<void> }> {
  const config = configOf(options);
  const stateDir = await stateDirectory(config);
  // A state directory may be shared by any number of pools, so what each keeps for a moment has a place of its own.
  const work = await takeWorkDirectory(join(stateDir, "local"));
  const stopping = new AbortController();
  let parts: Parts | undefined;
  const close = async () => {
    stopping.abort(new VoxpoolError("server_stopping"));
    try {
      await parts?.close();
    } finally {
      await work.release();
    }
  };
  try {
    const { log = silentLog, onProgress } = options;
    const { signal } = stopping;
    parts = await compose({
      config,
      log,
      stateDir,
      spoolDirectory: work.path,
      signal,
      ...(onProgress && { onProgress }),
    });
    await parts.http.ready();
    const defaultModel = Promise.resolve();
    parts.followStart({ defaultModel, preloads: parts.preload() });
    return { server: parts.http.server, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Connects the client's side of HTTP with the server's side by a pair of streams in memory. So the whole wire is the
 * server's own, statuses, headers, events, refusals, back-pressure and hang-ups, and there is nothing to keep in step;
 * measured, that costs a fraction of a millisecond a request.
 */
function connector(server: Server): buildConnector.connector {
  return (_options, callback) => {
    const [near, far] = duplexPair();
    // A pair tells only its regular end; a connection also tells when a side has gone in the middle.
    near.on("close", () => far.destroy());
    // As a socket: when the other side has ended, this one does; a WebSocket waits for that.
    near.on("end", () => near.end());
    far.on("close", () => {
      if (!far.writableFinished) near.destroy(new Error("the pool ended the connection"));
    });
    server.emit("connection", far);
    // Not at once: the caller is not ready for its answer yet.
    queueMicrotask(() => callback(null, asSocket(near)));
  };
}

/** Of a socket, undici uses what every duplex stream has, and what else there is only if it is there. */
function asSocket(stream: Duplex): Parameters<buildConnector.Callback>[1] & object {
  return stream as never;
}

function configOf({ modelDir, defaultModel, stateDir, settings }: LocalOptions): Config {
  const given = {
    ...settings,
    // It has one caller.
    "auth.required": false,
    ...(modelDir !== undefined && { model_dir: typeof modelDir === "string" ? [modelDir] : modelDir }),
    ...(defaultModel !== undefined && { default_model: defaultModel }),
    ...(stateDir !== undefined && { state_dir: stateDir }),
  };
  return configFrom(given, "createLocalTransport");
}
