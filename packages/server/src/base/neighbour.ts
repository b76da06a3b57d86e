import { Agent, request } from "undici";

const patienceMs = 2000;
/** The answer of a voxpool server is far shorter. */
const mostBytes = 65_536;

/** A voxpool server. */
export interface Neighbour {
  /** Without a path: `http://127.0.0.1:5000`. */
  readonly url: string;
  readonly version: string;
}

/** The voxpool server that answers at a port, with TLS or without; undefined if nobody does, or something else. */
export async function neighbourAt(host: string, port: number): Promise<Neighbour | undefined> {
  // Nothing secret is sent, and nothing that is heard is believed but for a message: any certificate will do.
  const anybody = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    for (const url of [`http://${host}:${port}`, `https://${host}:${port}`]) {
      const version = await versionAt(url, anybody);
      if (version !== undefined) return { url, version };
    }
    return undefined;
  } finally {
    await anybody.destroy();
  }
}

async function versionAt(url: string, dispatcher: Agent): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(patienceMs);
    const { body } = await request(`${url}/api/health`, { signal, dispatcher, reset: true });
    let text = "";
    for await (const chunk of body) {
      text += String(chunk);
      if (text.length > mostBytes) return undefined;
    }
    const health: unknown = JSON.parse(text);
    if (typeof health !== "object" || health === null || !("success" in health && "version" in health))
      return undefined;
    return typeof health.version === "string" ? health.version.slice(0, 40) : undefined;
  } catch {
    return undefined;
  }
}
