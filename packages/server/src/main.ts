import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { type DefaultModelReady, prepareDefaultModel } from "./api/default-model.ts";
import { VoxpoolError } from "./base/errors.ts";
import { isTaken, listenFailure } from "./base/listen-failure.ts";
import type { Log, LogLine } from "./base/log.ts";
import { neighbourAt } from "./base/neighbour.ts";
import { ownerSocketPath } from "./base/owner-socket-path.ts";
import { stateDirectory } from "./base/paths.ts";
import type { Config } from "./base/settings.ts";
import { lockStateDirectory } from "./base/state-lock.ts";
import { removeAbandoned } from "./base/work-directory.ts";
import type { PullEvent } from "./catalog/pull.ts";
import { warnIfOpen } from "./compose/access.ts";
import { composeCertificate } from "./compose/certificate.ts";
import { type ComposeOptions, compose, type Parts } from "./compose/compose.ts";
import { type OwnerSocket, openOwnerSocket } from "./compose/owner-socket.ts";
import { closePorts, openPorts, type Port } from "./compose/ports.ts";

export type { DefaultModelReady } from "./api/default-model.ts";
export type { PullEvent } from "./catalog/pull.ts";

export interface StartOptions {
  readonly config: Config;
  readonly log: Log;
  /** Where administrative acts are written; the log if it is left out. */
  readonly audit?: LogLine;
  /** Told about downloads of the server's own: the default model, native parts. */
  readonly onProgress?: (event: PullEvent) => void;
  /** The configuration as it is written now; that of the start if it is left out. @throws VoxpoolError `config_invalid` */
  readonly reread?: () => Config;
  /** Told of the configuration that is in force after a reload. */
  readonly onReload?: (config: Config) => void;
}

export interface RunningServer {
  /** Where this machine reaches it, without a path: `http://127.0.0.1:5000`, or `https` where it has a certificate. */
  readonly url: string;
  readonly stateDir: string;
  /** File of the certificate, if it is its own authority: clients have to be given it. */
  readonly caFile?: string | undefined;
  /** The default model is fetched, loaded and warm. Rejects with a VoxpoolError if not; the server runs on. */
  readonly defaultModel: Promise<DefaultModelReady>;
  /** Takes up the configuration as it is written now; a wrong one changes nothing. The log says what came of it. Never throws. */
  reload(): void;
  /** Recognitions, live sessions and changes of models that run. */
  running(): number;
  /**
   * Readiness goes, and new work is refused; what runs goes on. Resolves when nothing runs any more, or when `until`
   * aborts. @returns how much still runs: `stop` ends it
   */
  drain(until: AbortSignal): Promise<number>;
  /** Ends what runs and leaves no process behind. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * The whole server: takes the state directory, listens, and prepares the default model.
 * @throws VoxpoolError `state_locked`, `port_taken`, `config_invalid`
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { config, log, audit, onProgress, reread, onReload } = options;
  const stateDir = await stateDirectory(config);
  const lock = await lockStateDirectory(stateDir, { pid: process.pid });
  const stopping = new AbortController();
  // Of applications with a pool of their own that were killed: recordings do not lie about.
  await removeAbandoned(join(stateDir, "local"));
  const spoolDirectory = join(stateDir, "spool");
  const parts = await composeOr(() => lock.release(), {
    config,
    log,
    audit,
    stateDir,
    storeFile: join(stateDir, "voxpool.db"),
    spoolDirectory,
    onProgress,
    reread,
    onReload,
    signal: stopping.signal,
  });
  let ports: readonly Port[] = [];
  let socket: OwnerSocket | undefined;
  const close = async () => {
    stopping.abort(new VoxpoolError("server_stopping"));
    try {
      socket?.close();
      await closePorts(ports);
      await parts.close();
    } finally {
      lock.release();
    }
  };
  try {
    const url = await listen(parts.http, config, parts.certificate === undefined ? "http" : "https");
    socket = await listenToOwner(parts, stateDir, log);
    warnIfOpen(config, log);
    ports = await openPorts({ ...parts, config, log });
    lock.setUrl(url);
    const defaultModel = prepareDefaultModel({ ...parts, signal: stopping.signal });
    parts.followStart({ defaultModel, preloads: parts.preload() });
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= close();
      return stopped;
    };
    const { running, drain } = parts.work;
    const reload = () => void parts.maintenance.reloadConfig(operator).catch(() => undefined);
    const caFile = parts.certificate?.current.isSelfSigned ? config["tls.cert"] : undefined;
    return { url, stateDir, caFile, defaultModel, reload, running, drain, stop };
  } catch (error) {
    await close();
    throw error;
  }
}

function listenToOwner({ http, door }: Parts, stateDir: string, log: Log): Promise<OwnerSocket> {
  const path = ownerSocketPath(stateDir);
  const text = "There is no socket for the owner of the state directory; commands on this machine need a URL and a key";
  const onFailure = (detail: string) => log.warn({ path, detail }, text);
  return openOwnerSocket({ path, http: http.server, onOwner: door.admitOwner, onFailure });
}

/** Who sends a signal. */
const operator = { client: "signal", language: "en" } as const;

async function composeOr(
  giveUp: () => void,
  options: ComposeOptions & { readonly signal: AbortSignal },
): Promise<Parts & Pick<ComposeOptions, "certificate">> {
  let certificate: ComposeOptions["certificate"];
  try {
    certificate = await composeCertificate(options.config, options.log);
    options.signal.addEventListener("abort", () => certificate?.close());
    return { ...(await compose({ ...options, certificate })), certificate };
  } catch (error) {
    certificate?.close();
    giveUp();
    throw error;
  }
}

async function listen(http: FastifyInstance, { host, port }: Config, scheme: "http" | "https"): Promise<string> {
  try {
    await http.listen({ host, port });
  } catch (error) {
    throw listenFailure(error, { host, port, setting: "port" }, isTaken(error) ? await whoHas(host, port) : undefined);
  }
  const address = http.addresses()[0] as AddressInfo | undefined; // of a TCP socket: never a path
  return `${scheme}://${nameOf(host)}:${address?.port ?? port}`;
}

/** By which name this machine reaches who listens there. */
function nameOf(host: string): string {
  const isAnyAddress = host === "0.0.0.0" || host === "::" || host === "";
  return isAnyAddress ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
}

async function whoHas(host: string, port: number): Promise<string> {
  const found = await neighbourAt(nameOf(host), port);
  return found === undefined
    ? strangerOn(port)
    : `voxpool ${found.version}, which can be used as it is (${found.url}/api); a second server needs --state-dir DIR too`;
}

function strangerOn(port: number): string {
  const isAirPlay = process.platform === "darwin" && (port === 5000 || port === 7000);
  return isAirPlay
    ? "another program (on macOS often AirPlay Receiver: System Settings, General, AirDrop & Handoff)"
    : "another program";
}
