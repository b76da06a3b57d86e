import { inChinese } from "../base/phrases.ts";
import { systemText } from "../base/system-text.ts";
import { below, endpointSettings, endpointsFrom } from "../catalog/endpoints.ts";
import { createHttp, withoutSecrets } from "../catalog/http.ts";
import { catalogOf } from "./models.ts";
import { type Finding, note, ok, type Place, type Probe, problem } from "./types.ts";

/** Whether the places that models come from answer. Without them everything that is there works on. */
export const networkProbe: Probe = {
  name: "network",
  title: { en: "sources of models", zh: "模型来源" },
  limitSeconds: 20,
  async run(place, signal) {
    const asked = await Promise.all(sourcesOf(place).map((source) => ask(source, signal)));
    const good = asked.filter(({ trouble }) => trouble === undefined);
    const bad = asked.filter(({ trouble }) => trouble !== undefined);
    const found: Finding[] = [];
    if (good.length > 0) {
      const names = good.map(({ name, url }) => `${name} (${url})`).join(", ");
      found.push(ok({ en: names, zh: `可访问：${names}` }));
    }
    if (bad.length === 0) return found;
    const isStuck = good.length === 0 && (await catalogOf(place.config).list()).length === 0;
    return [...found, isStuck ? stuck(bad) : away(bad, good.length > 0)];
  },
};

interface Source {
  readonly name: string;
  /** Any of them will do. */
  readonly urls: readonly string[];
}

interface Asked {
  readonly name: string;
  /** The one that answered, else the first; without credentials. */
  readonly url: string;
  readonly trouble?: string;
}

/** Where `pull` asks. Small pages: any answer shows that the place can be reached. */
function sourcesOf({ config, env }: Place): readonly Source[] {
  const { npmRegistries, pypiIndexes, hubs, githubMirror } = endpointsFrom(endpointSettings(config), env);
  return [
    { name: "npm", urls: npmRegistries },
    { name: "PyPI", urls: pypiIndexes.map((url) => below(url, "vosk/")) },
    { name: "Hugging Face", urls: hubs.huggingface },
    { name: "ModelScope", urls: hubs.modelscope },
    { name: "GitHub", urls: [githubMirror || "https://github.com/"] },
  ];
}

const patienceMs = 4000;

async function ask({ name, urls }: Source, signal: AbortSignal): Promise<Asked> {
  const troubles = await Promise.all(urls.map((url) => reach(url, signal)));
  const good = urls[troubles.indexOf(undefined)];
  if (good !== undefined) return { name, url: withoutSecrets(good) };
  return { name, url: withoutSecrets(urls[0] ?? ""), trouble: troubles[0] ?? "" };
}

/** What went wrong, if anything. Any answer will do. */
async function reach(url: string, signal: AbortSignal): Promise<string | undefined> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  const http = createHttp({ name: "registry", named: [url], stallMs: patienceMs, retries: 0, signal: ended });
  try {
    const answer = await http.get(url, {});
    await answer.body.dump();
    return undefined;
  } catch (error) {
    return ended.aborted ? `${patienceMs / 1000} s` : systemText(error);
  } finally {
    await http.close();
  }
}

const byHand = {
  en: "behind a proxy set HTTPS_PROXY; else name a mirror (download.npm_registry), or bring the file by hand: voxpool pull NAME --from FILE",
  zh: "如需代理请设置 HTTPS_PROXY；否则设置镜像（download.npm_registry），或手动拷贝文件：voxpool pull NAME --from FILE",
};

function stuck(bad: readonly Asked[]): Finding {
  return problem(
    {
      en: `there is no model on disk, and nothing to fetch one from answers: ${listed(bad, "en")}`,
      zh: `磁盘上没有模型，且所有来源均无响应：${listed(bad, "zh")}`,
    },
    byHand,
  );
}

function away(bad: readonly Asked[], hasOthers: boolean): Finding {
  const names = { en: listed(bad, "en"), zh: listed(bad, "zh") };
  if (hasOthers) {
    return note({
      en: `no answer from ${names.en}; models that come from there only cannot be fetched`,
      zh: `无响应：${names.zh}；只能从那里获取的模型无法下载`,
    });
  }
  return note(
    {
      en: `no answer from ${names.en}; models that are on disk work without it`,
      zh: `无响应：${names.zh}；磁盘上的模型不受影响`,
    },
    byHand,
  );
}

function listed(bad: readonly Asked[], language: "en" | "zh"): string {
  return bad
    .map(({ name, url, trouble = "" }) => `${name} (${url}: ${language === "zh" ? inChinese(trouble) : trouble})`)
    .join(", ");
}
