import type { Api } from "../api/types.ts";
import { addressList, isLoopback } from "../base/addresses.ts";
import type { Log } from "../base/log.ts";
import type { Config } from "../base/settings.ts";
import { version } from "../base/version.ts";
import { createPortGuard, type PortGuard } from "../gateway/auth/port-guard.ts";
import type { Limits } from "../gateway/limits/limits.ts";
import type { ServedCertificate } from "../gateway/served-certificate.ts";
import { listenForVosk } from "../gateway/vosk-server/server.ts";
import { announceWyoming } from "../gateway/wyoming/announce.ts";
import { listenForWyoming, type WyomingOptions } from "../gateway/wyoming/server.ts";
import type { ComposedAccess } from "./access.ts";

/** A port besides that of HTTP, for another protocol. */
export interface Port {
  /** Where it is reached. */
  readonly url: string;
  /** Tells those who are connected, and ends. Safe to call twice. */
  close(): Promise<void>;
}

export interface PortParts {
  readonly config: Config;
  readonly api: Api;
  readonly log: Log;
  readonly door: Pick<ComposedAccess, "access" | "origins">;
  /** Of the port of HTTP; those of others that speak TLS have the same. */
  readonly certificate?: ServedCertificate | undefined;
  readonly limits: Limits;
}

/** Opens the ports that are configured; all of them or none. @throws VoxpoolError `port_taken`, `config_invalid` */
export async function openPorts(parts: PortParts): Promise<readonly Port[]> {
  const open: Port[] = [];
  try {
    for (const listen of configured(parts)) open.push(await listen());
    return open;
  } catch (error) {
    await closePorts(open);
    throw error;
  }
}

export async function closePorts(ports: readonly Port[]): Promise<void> {
  await Promise.all(ports.map((port) => port.close()));
}

function configured(parts: PortParts): readonly (() => Promise<Port>)[] {
  const { config, api, log, limits } = parts;
  const { origins } = parts.door;
  const maxConnections = config["limits.connections"];
  const vosk = {
    mostMessageBytes: config["limits.message_bytes"],
    host: config["vosk.host"],
    port: config["vosk.port"],
    sampleRateHz: config["vosk.sample_rate"],
    model: config["vosk.model"],
    proxies: addressList(config["proxy.trusted"], "proxy.trusted"),
    certificate: config["vosk.tls"] ? parts.certificate : undefined,
  };
  const wyoming = config["wyoming.port"] > 0 || config["wyoming.socket"] !== "";
  const guard = guardOf(parts, "vosk.allow");
  return [
    ...(vosk.port > 0 ? [() => listenForVosk({ ...vosk, api, log, limits, maxConnections, guard, origins })] : []),
    ...(wyoming ? [() => listenForWyoming(wyomingOptions(parts))] : []),
  ];
}

const nobodyText =
  "Nobody can use Wyoming: with auth.required it serves the addresses in auth.keyless alone, and there are none";

/** @throws VoxpoolError `config_invalid` for what is no address */
function guardOf({ config, door, limits, log }: PortParts, setting: "vosk.allow" | "wyoming.allow"): PortGuard {
  return createPortGuard({
    access: door.access,
    allow: config[setting],
    setting,
    keyless: config["auth.keyless"],
    limits,
    log,
  });
}

function wyomingOptions(parts: PortParts): WyomingOptions {
  const { config, api, log, limits } = parts;
  const { "wyoming.host": host, "wyoming.port": port, "wyoming.socket": socketPath } = config;
  if (config["auth.required"] && config["auth.keyless"].length === 0) log.warn({}, nobodyText);
  const isAnnounced = config["wyoming.zeroconf"] && port > 0;
  if (isAnnounced && isLoopback(host))
    log.warn({ host }, "Wyoming is not announced: wyoming.host is this machine alone");
  const [speaking, between] = ["limits.live_idle_seconds", "wyoming.idle_seconds"] as const;
  return {
    api,
    log,
    limits,
    guard: guardOf(parts, "wyoming.allow"),
    version,
    ...(port > 0 && { tcp: { host, port } }),
    ...(socketPath !== "" && { socketPath }),
    maxConnections: config["wyoming.connections"],
    patience: {
      speaking: { seconds: config[speaking], setting: speaking },
      between: { seconds: config[between], setting: between },
    },
    ...(isAnnounced && !isLoopback(host) && { announce: (announced: number) => announceWyoming(announced, log) }),
  };
}
