import { fileURLToPath } from "node:url";
import { ModelAPIClient } from "@voxpool/client";
import { defaultModelPath, fallbackModel, ifThere } from "../api/default-model.ts";
import { createLocalTransport } from "../local.ts";
import { catalogOf } from "./models.ts";
import { findPart } from "./natives.ts";
import { partsOf } from "./needed.ts";
import { type Finding, note, ok, type Place, type Probe, problem, same } from "./types.ts";

const recording = fileURLToPath(new URL("../../assets/jfk.wav", import.meta.url));

/** The default model, by decoding a real recording in a process of its own. Nothing is fetched for it. */
export const decodeProbe: Probe = {
  name: "default_model",
  title: { en: "default model", zh: "默认模型" },
  limitSeconds: 180,
  async run(place, signal) {
    const catalog = catalogOf(place.config);
    const configured = place.config.default_model;
    const path = await defaultModelPath(catalog, configured);
    const folder = await ifThere(catalog.resolve(path));
    if (folder === undefined) return [absent(path, configured === "")];
    const spec = await catalog.describe(folder);
    const missing = partsOf(spec)
      .map((name) => (name === "libvosk" && place.config["vosk.library"] !== "" ? "" : findPart(name, place)))
      .filter((found): found is Finding => typeof found !== "string");
    if (missing.length > 0) return missing.map(({ text, advice }) => note(text, advice));
    return [await decode(folder.modelPath, place, signal)];
  },
};

function absent(path: string, isUsual: boolean): Finding {
  if (isUsual) {
    return note(
      {
        en: `${path} is not there; voxpool serve fetches it at its first start`,
        zh: `${path} 尚不存在；voxpool serve 首次启动时会下载`,
      },
      { en: `to fetch it now: voxpool pull ${fallbackModel}`, zh: `现在下载：voxpool pull ${fallbackModel}` },
    );
  }
  return problem(
    { en: `default_model is ${path}, and that is not there`, zh: `default_model 为 ${path}，但不存在` },
    { en: "put it there (voxpool pull), or change the setting", zh: "请放置该模型（voxpool pull），或修改设置" },
  );
}

async function decode(modelPath: string, { config, language }: Place, signal: AbortSignal): Promise<Finding> {
  const transport = await createLocalTransport({ settings: config });
  try {
    const headers = { "accept-language": language };
    const send: typeof transport.send = (request) =>
      transport.send({ ...request, headers: { ...request.headers, ...headers } });
    const client = new ModelAPIClient(undefined, { transport: { ...transport, send }, signal, retry: false });
    const result = await client.transcribe(recording, { model_path: modelPath, response_format: "verbose_json" });
    if (!result.success) {
      const text = same(`${modelPath}: ${result.message}`);
      return problem(text, { en: "fetch or copy its files again", zh: "请重新下载或复制其文件" });
    }
    const { duration, processing_seconds: seconds, timings } = result;
    const load = timings?.load_seconds ?? 0;
    const [loaded, took] = [load.toFixed(1), Math.max(0, seconds - load).toFixed(1)];
    const heard = result.text.trim();
    return ok({
      en: `${modelPath}: loaded in ${loaded} s, ${duration.toFixed(0)} s of speech in ${took} s; heard "${heard}"`,
      zh: `${modelPath}：加载 ${loaded} 秒，${duration.toFixed(0)} 秒录音用时 ${took} 秒；听到“${heard}”`,
    });
  } finally {
    await transport.close();
  }
}
