import { ModelAPIClient } from "@voxpool/client";
import { withoutSecrets } from "../catalog/http.ts";
import { type Finding, ok, type Place, type Probe, problem } from "./types.ts";

/** The server that the commands of this shell ask, where `VOXPOOL_URL` names one. */
export const serviceProbe: Probe = {
  name: "service",
  title: { en: "server of VOXPOOL_URL", zh: "VOXPOOL_URL 的服务器" },
  limitSeconds: 10,
  run: async (place, signal) => (place.env.VOXPOOL_URL ? [await examine(place, place.env.VOXPOOL_URL, signal)] : []),
};

const advice = {
  en: "correct or unset VOXPOOL_URL, or start that server",
  zh: "请修正或取消 VOXPOOL_URL，或启动该服务器",
};

async function examine({ env, language }: Place, url: string, signal: AbortSignal): Promise<Finding> {
  const client = clientOf(url, env.VOXPOOL_KEY, language, signal);
  if (client === undefined) return problem({ en: "it is no URL of a server", zh: "不是有效的服务器地址" }, advice);
  const shown = withoutSecrets(url);
  const health = await client.checkHealth({ timeoutMs: 5000 });
  if (!health.success) {
    const { error_message: why } = health;
    return problem({ en: `${shown} is not healthy: ${why}`, zh: `${shown} 不可用：${why}` }, advice);
  }
  const { version, loaded_models_count: count } = health;
  return ok({
    en: `${shown} is healthy: voxpool ${version}, ${count} models loaded`,
    zh: `${shown} 正常：voxpool ${version}，已加载 ${count} 个模型`,
  });
}

function clientOf(
  url: string,
  key: string | undefined,
  language: string,
  signal: AbortSignal,
): ModelAPIClient | undefined {
  try {
    const headers = { "accept-language": language };
    return new ModelAPIClient(url, { retry: false, headers, signal, ...(key ? { key } : {}) });
  } catch {
    return undefined;
  }
}
