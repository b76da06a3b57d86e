// The table of model families: which files make them up, and what they can do.
import type { MessageLanguage } from "../../packages/server/dist/base/errors.js";
import type { Layout } from "../../packages/server/dist/engine/detect/layout.js";
import { layouts } from "../../packages/server/dist/engine/detect/layouts.js";
import { type SherpaFamily, sherpaFamilies } from "../../packages/server/dist/engine/sherpa-offline/families.js";
import { onlineFamilies } from "../../packages/server/dist/engine/sherpa-online/families.js";
import { markdownTable } from "./markdown.ts";

const texts = {
  en: {
    titles: ["engine", "family", "files", "language", "word times", "longest segment"],
    some: "in some exports",
    yes: "yes",
    no: "no",
    told: { stream: "each request", configuration: "each request", load: "`languages` in voxpool.json" },
    fixed: "that of the model",
    none: "any",
  },
  zh: {
    titles: ["engine", "family", "文件", "语言", "词时间", "最长片段"],
    some: "部分导出有",
    yes: "有",
    no: "无",
    told: { stream: "每个请求", configuration: "每个请求", load: "voxpool.json 的 `languages`" },
    fixed: "由模型决定",
    none: "不限",
  },
} as const;

export function familiesBlock(language: MessageLanguage): string {
  const shown: readonly string[] = ["vosk", "sherpa-offline", "sherpa-online"];
  const known = layouts.filter(({ engine, isRefused }) => shown.includes(engine) && isRefused !== true);
  return markdownTable(
    texts[language].titles,
    known.map((layout) => rowOf(layout, language)),
  );
}

function rowOf({ engine, family, roles }: Layout, language: MessageLanguage): readonly string[] {
  const files = Object.values(roles).map(({ label }) => `\`${label}\``);
  const words = texts[language];
  const sherpa = engine === "sherpa-offline" ? sherpaFamilies[family] : undefined;
  return [
    engine,
    `\`${family}\``,
    files.join(", "),
    sherpa?.languages === undefined ? words.fixed : words.told[sherpa.languages.told],
    wordsOf(engine === "sherpa-online" ? onlineFamilies[family] : sherpa, language),
    sherpa === undefined ? words.none : `${sherpa.maxSegmentSeconds} s`,
  ];
}

function wordsOf({ words }: Pick<SherpaFamily, "words"> = { words: true }, language: MessageLanguage): string {
  if (typeof words !== "boolean") return texts[language].some;
  return words ? texts[language].yes : texts[language].no;
}
