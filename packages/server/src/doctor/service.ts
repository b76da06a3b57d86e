import { ModelAPIClient } from "@voxpool/client";
import { fetch as fetchThrough } from "undici";
import { readAuthorities, trustedAgent } from "../base/trusted-agent.ts";
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
  const authorities = authoritiesOf(env);
  if (authorities === undefined) return problem(badAuthorities, advice);
  const client = clientOf(url, { env, language }, authorities, signal);
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

const badAuthorities = {
  en: "VOXPOOL_CACERT names no file with certificates in PEM",
  zh: "VOXPOOL_CACERT 所指的文件不存在，或不含 PEM 证书",
};

/** Empty where none are named; undefined if they cannot be used. */
function authoritiesOf({ VOXPOOL_CACERT: file }: Place["env"]): string | undefined {
  try {
    return file ? readAuthorities(file) : "";
  } catch {
    return undefined;
  }
}

function clientOf(
  url: string,
  { env, language }: Pick<Place, "env" | "language">,
  authorities: string,
  signal: AbortSignal,
): ModelAPIClient | undefined {
  try {
    const headers = { "accept-language": language };
    const { VOXPOOL_KEY: key } = env;
    const trusted = authorities === "" ? {} : { fetch: trustingFetch(authorities) };
    return new ModelAPIClient(url, { retry: false, headers, signal, ...(key ? { key } : {}), ...trusted });
  } catch {
    return undefined;
  }
}

/** As the commands of this shell ask. */
function trustingFetch(authorities: string): typeof fetch {
  return (async (url: string, init: object) =>
    fetchThrough(url, { ...init, dispatcher: await trustedAgent(authorities) })) as unknown as typeof fetch;
}
