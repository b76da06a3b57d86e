import type { WebSocketMaker } from "@voxpool/client";
import { inChinese } from "../base/phrases.ts";
import { systemText } from "../base/system-text.ts";
import { readAuthorities, trustedAgent } from "../base/trusted-agent.ts";
import { type CommandContext, UsageError } from "./context.ts";
import { fetchThrough, webSocketThrough } from "./dispatched.ts";

/** What trusts certificates that the user names, beside those that everybody trusts. */
export interface TrustedWire {
  readonly fetch: typeof fetch;
  webSocket(): Promise<WebSocketMaker>;
}

/**
 * Requests that trust the certificates of the file that `--cacert` or VOXPOOL_CACERT names; undefined if none does.
 * @throws UsageError if it cannot be read or holds none
 */
export function trustedWire(flag: string | undefined, { env, language }: CommandContext): TrustedWire | undefined {
  const file = flag ?? (env.VOXPOOL_CACERT || undefined);
  if (file === undefined) return undefined;
  try {
    const authorities = readAuthorities(file);
    const agent = () => trustedAgent(authorities);
    return { fetch: fetchThrough(agent), webSocket: () => webSocketThrough(agent) };
  } catch (error) {
    const place = flag === undefined ? "VOXPOOL_CACERT" : "--cacert";
    const why = systemText(error);
    throw new UsageError(language === "zh" ? `${place}：${file}：${inChinese(why)}` : `${place}: ${file}: ${why}`);
  }
}
