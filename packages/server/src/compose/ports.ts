import type { Api } from "../api/types.ts";
import type { Log } from "../base/log.ts";
import type { Config } from "../base/settings.ts";
import { listenForVosk } from "../gateway/vosk-server/server.ts";

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
}

/** Opens the ports that are configured; all of them or none. @throws VoxpoolError `config_invalid` */
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

function configured({ config, api, log }: PortParts): readonly (() => Promise<Port>)[] {
  const maxConnections = config["limits.connections"];
  const vosk = {
    host: config["vosk.host"],
    port: config["vosk.port"],
    sampleRateHz: config["vosk.sample_rate"],
    model: config["vosk.model"],
  };
  return vosk.port > 0 ? [() => listenForVosk({ ...vosk, api, log, maxConnections })] : [];
}
