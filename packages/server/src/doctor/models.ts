import { existsSync } from "node:fs";
import { inChinese } from "../base/phrases.ts";
import { systemText } from "../base/system-text.ts";
import { createCatalog } from "../catalog/catalog.ts";
import { type Finding, note, ok, type Place, type Probe, problem, same } from "./types.ts";

/** The models on disk, each looked at as before a load. */
export const modelsProbe: Probe = {
  name: "models",
  title: { en: "models", zh: "模型" },
  limitSeconds: 60,
  async run({ config }) {
    const pull = { en: "fetch one: voxpool pull en/tiny", zh: "下载一个：voxpool pull en/tiny" };
    const missing = config.model_dir
      .filter((directory) => !existsSync(directory))
      .map((directory) => note({ en: `${directory} is not there yet`, zh: `${directory} 尚不存在` }));
    const models = await describeAll(config);
    if (models.length > 0) return [...missing, ...models];
    return [...missing, note({ en: "no model on disk", zh: "磁盘上没有模型" }, pull)];
  },
};

/** The catalogue of the configured directories. */
export function catalogOf(config: Place["config"]): ReturnType<typeof createCatalog> {
  return createCatalog({ modelDirs: config.model_dir, fakeEngine: config["engine.fake"] });
}

async function describeAll(config: Place["config"]): Promise<readonly Finding[]> {
  const catalog = catalogOf(config);
  const findings: Finding[] = [];
  for (const folder of await catalog.list()) {
    const path = folder.modelPath;
    try {
      const { engine, family, languages, sizeBytes } = await catalog.describe(folder);
      const size = `${Math.ceil(sizeBytes / 1e6)} MB`;
      findings.push(
        ok(same(`${path}: ${[`${engine}/${family}`, languages.join(","), size].filter(Boolean).join(", ")}`)),
      );
    } catch (error) {
      findings.push(problem(reasonOf(path, error), adviceFor(path)));
    }
  }
  return findings;
}

function reasonOf(path: string, error: unknown): Finding["text"] {
  const message = systemText(error);
  const isOurs = typeof error === "object" && error !== null && "messageIn" in error;
  const { messageIn } = (isOurs ? error : {}) as { messageIn?: (language: "zh") => string };
  return { en: `${path}: ${message}`, zh: `${path}：${messageIn?.call(error, "zh") ?? inChinese(message)}` };
}

function adviceFor(path: string): Finding["text"] {
  return {
    en: `mend or remove the folder of ${path}; other models are not affected`,
    zh: `请修复或删除 ${path} 的文件夹；不影响其他模型`,
  };
}
