import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { VoxpoolError } from "../base/errors.ts";
import { assetFile } from "../catalog/assets.ts";
import type { AssetName } from "../catalog/known-assets.ts";
import { runChild } from "./child.ts";
import { type Finding, note, ok, type Place, type Probe, problem, same } from "./types.ts";

const entry = fileURLToPath(new URL("./native-child.js", import.meta.url));

/** The native libraries, loaded for real. */
export const natives: readonly Probe[] = [
  {
    name: "sherpa",
    title: { en: "engine sherpa-onnx", zh: "引擎 sherpa-onnx" },
    limitSeconds: 60,
    run: async (_place, signal) => [
      await load("sherpa", "", signal, {
        en: "install the packages again (npm ci); on Alpine and other systems without glibc it does not run",
        zh: "请重新安装依赖（npm ci）；Alpine 等没有 glibc 的系统无法使用",
      }),
    ],
  },
  {
    name: "vosk",
    title: { en: "engine Vosk", zh: "引擎 Vosk" },
    limitSeconds: 60,
    run: async (place, signal) => {
      const own = place.config["vosk.library"];
      const file = own === "" ? findPart("libvosk", place) : own;
      if (typeof file !== "string") return [file];
      return [
        await load("vosk", file, signal, {
          en: "fetch it anew: remove that file, then voxpool pull libvosk",
          zh: "请重新下载：删除该文件，再运行 voxpool pull libvosk",
        }),
      ];
    },
  },
  {
    name: "vad",
    title: { en: "speech detector", zh: "语音检测" },
    limitSeconds: 5,
    async run(place) {
      const file = findPart("silero-vad", place);
      return [typeof file === "string" ? ok(same(file)) : file];
    },
  },
];

/** The file of a native part; where it is missing, what to say of that. */
export function findPart(name: AssetName, { stateDir }: Pick<Place, "stateDir">): string | Finding {
  try {
    const file = assetFile(name, stateDir);
    if (existsSync(file)) return file;
  } catch (error) {
    if (!(error instanceof VoxpoolError)) throw error;
    return note({ en: error.messageIn("en"), zh: error.messageIn("zh") });
  }
  return note(
    {
      en: `${name} has not been fetched yet; that happens once it is needed`,
      zh: `${name} 尚未下载；需要时会自动下载`,
    },
    { en: `to fetch it now: voxpool pull ${name}`, zh: `现在下载：voxpool pull ${name}` },
  );
}

async function load(kind: string, file: string, signal: AbortSignal, advice: Finding["text"]): Promise<Finding> {
  const ended = await runChild(process.execPath, [entry, kind, file], signal);
  if (ended?.code === 0) {
    const what = [ended.stdout.trim(), file].filter((text) => text !== "").join(", ");
    return ok({ en: `loads${what && `: ${what}`}`, zh: `可加载${what && `：${what}`}` });
  }
  const last = ended?.stderr.trim().split("\n").slice(-3).join(" ") ?? "";
  const how = ended?.signal ?? `exit code ${ended?.code}`;
  return problem({ en: `cannot be loaded (${how}): ${last}`, zh: `无法加载（${how}）：${last}` }, advice);
}
