import { request } from "undici";

const patienceMs = 2000;
/** The answer of a voxpool server is far shorter. */
const mostBytes = 65_536;

/**
 * The version of the voxpool server that answers at an address such as `http://127.0.0.1:5000`; undefined if nobody
 * does, or something else.
 */
export async function versionAt(url: string): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(patienceMs);
    const { body } = await request(`${url}/api/health`, { signal, reset: true });
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
