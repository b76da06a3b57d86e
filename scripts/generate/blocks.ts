// The generated parts of the documents, by name. Each is a function of the language; nothing here is written twice.
import { type CatalogueEntry, catalogue, warningCatalogue } from "@voxpool/client/contract";
import { otherVariables } from "../../packages/server/dist/base/config.js";
import { describeValues } from "../../packages/server/dist/base/config-value.js";
import type { MessageLanguage } from "../../packages/server/dist/base/errors.js";
import { reloadableKeys } from "../../packages/server/dist/base/reloadable.js";
import type { Setting } from "../../packages/server/dist/base/setting-kinds.js";
import { environmentName, flagName, isSettingKey, settingKeys } from "../../packages/server/dist/base/setting-names.js";
import { settings } from "../../packages/server/dist/base/settings.js";
import { downloadBytes, isPinned, knownModels } from "../../packages/server/dist/catalog/known-models.js";
import { fileNameAt } from "../../packages/server/dist/catalog/sources.js";
import { exitCodes } from "../../packages/server/dist/cli/exit-codes.js";
import { commandsBlock } from "./commands.ts";
import { familiesBlock } from "./families.ts";
import { limitsBlock } from "./limits.ts";
import { markdownTable } from "./markdown.ts";
import { protocolTable } from "./protocols.ts";
import { sdkMethods, wireOptions } from "./sdk.ts";

/** Markdown without its markers. */
export type Block = (language: MessageLanguage) => string;

export const blocks: Readonly<Record<string, Block>> = {
  errors: errorTable,
  warnings: warningTable,
  settings: settingTable,
  "other-variables": (language) => otherVariables.map((name) => `\`${name}\``).join(language === "zh" ? "、" : ", "),
  "example-file": exampleFile,
  commands: commandsBlock,
  "exit-codes": exitCodeTable,
  families: familiesBlock,
  limits: limitsBlock,
  protocols: protocolTable,
  "sdk-methods": sdkMethods,
  "wire-options": (language) => wireOptions(language === "zh" ? "、" : ", "),
  catalogue: catalogueTable,
};

function errorTable(language: MessageLanguage): string {
  const zh = language === "zh";
  const titles = zh ? ["reason", "HTTP", "可重试", "消息"] : ["reason", "HTTP", "retryable", "message"];
  const rows = Object.entries<CatalogueEntry>(catalogue).map(([reason, entry]) => [
    `\`${reason}\``,
    String(entry.status),
    entry.retryable ? (zh ? "是" : "yes") : zh ? "否" : "no",
    entry[language],
  ]);
  return markdownTable(titles, rows);
}

function warningTable(language: MessageLanguage): string {
  const rows = Object.entries(warningCatalogue).map(([reason, text]) => [`\`${reason}\``, text[language]]);
  return markdownTable(language === "zh" ? ["reason", "消息"] : ["reason", "message"], rows);
}

function settingTable(language: MessageLanguage): string {
  const titles =
    language === "zh"
      ? ["键", "环境变量", "选项", "默认值", "取值", "运行中可改", "说明"]
      : ["key", "environment", "flag", "default", "takes", "reload", "meaning"];
  const rows = settingKeys.map((key) => {
    const setting: Setting<unknown> = settings[key];
    return [
      `\`${key}\``,
      `\`${environmentName(key)}\``,
      `\`--${flagName(key)}\``,
      setting.default === "" ? "" : `\`${String(setting.default)}\``,
      describeValues(setting, language),
      reloadableKeys.has(key) ? (language === "zh" ? "是" : "yes") : "",
      setting[language],
    ];
  });
  return markdownTable(titles, rows);
}

/** Every setting with its default, so that the file can be copied and changed. */
function exampleFile(language: MessageLanguage): string {
  const lines: string[] = [];
  let group = "";
  for (const key of settingKeys) {
    const dot = key.indexOf(".");
    // A group that is a setting, too (`host`), would be a key twice.
    const head = dot < 0 || isSettingKey(key.slice(0, dot)) ? "" : key.slice(0, dot);
    if (head !== "" && head !== group) lines.push(`${head}:`);
    group = head;
    const [indent, name] = head === "" ? ["", key] : ["  ", key.slice(dot + 1)];
    lines.push(`${indent}# ${settings[key][language]}`, `${indent}${name}: ${JSON.stringify(settings[key].default)}`);
  }
  return `\`\`\`yaml\n${lines.join("\n")}\n\`\`\``;
}

function catalogueTable(language: MessageLanguage): string {
  const zh = language === "zh";
  const titles = zh
    ? ["名称", "说明", "引擎", "语言", "下载大小", "许可证", "哈希", "手动下载的文件"]
    : ["name", "what it is", "engine", "languages", "to fetch", "licence", "hash", "file to bring by hand"];
  const rows = knownModels.map((model) => {
    const { engine, family, languages } = model.model;
    const bytes = downloadBytes(model);
    return [
      `\`${model.name}\``,
      model.title[language],
      `${engine} ${family}`,
      languages.length === 0 ? (zh ? "很多" : "many") : languages.join(" "),
      bytes === undefined ? "" : `${Math.round(bytes / 1_000_000)} MB`,
      model.licence,
      isPinned(model) ? (zh ? "已公布" : "published") : zh ? "首次记录" : "of the first time",
      model.parts.map(handFile).join(" "),
    ];
  });
  return markdownTable(titles, rows);
}

function handFile(part: (typeof knownModels)[number]["parts"][number]): string {
  const source = part.find(({ kind }) => kind !== "files");
  if (source?.kind === "archive") return `\`${fileNameAt(source.at)}\``;
  if (source?.kind === "npm") return `\`${source.package.split("/").at(-1)}-${source.version}.tgz\``;
  return source?.kind === "wheel" ? `\`${source.file}\`` : "";
}

function exitCodeTable(language: MessageLanguage): string {
  const rows = Object.values(exitCodes).map((one) => [String(one.code), one[language]]);
  return markdownTable(language === "zh" ? ["退出码", "含义"] : ["code", "meaning"], rows);
}
