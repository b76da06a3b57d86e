import type { CatalogEntry } from "@voxpool/client";
import type { Command } from "commander";
import type { MessageLanguage } from "../../base/errors.ts";
import type { SettingKey } from "../../base/settings.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportError } from "../failures.ts";
import { formatBytes } from "../format.ts";
import { printJson, printText, roomOf } from "../output.ts";
import { settingFlags, withSettings } from "../settings-options.ts";
import { renderFields, renderTable } from "../table.ts";

interface SearchFlags {
  readonly config?: string;
  readonly language?: string;
  readonly json?: boolean;
}

const searchSettings = ["model_dir"] as const satisfies readonly SettingKey[];

/** `voxpool search [QUERY]` */
export function registerSearch(program: CliCommand, context: CommandContext): void {
  const command = program.command("search");
  command
    .describe({
      en: "Search the models that can be fetched by name. No server is needed, and no network.",
      zh: "搜索可按名称下载的模型。无需服务器，也无需网络。",
    })
    .withArgument("[query...]", {
      en: "Words that all have to be in it; the name of a model shows all that is known of it. Without them: everything.",
      zh: "须全部出现的词；给出模型名称则显示其全部信息。省略则列出全部。",
    })
    .withOption("--language <language>", {
      en: "Only what knows this language: zh, en, Chinese.",
      zh: "仅列出支持该语言的模型：zh、en、Chinese。",
    })
    .withOption("--json", { en: "Print one JSON document.", zh: "输出一个 JSON 文档。" })
    .withExamples(
      { command: "voxpool search --language zh", en: "What recognises Chinese.", zh: "支持中文的模型。" },
      {
        command: "voxpool search whisper",
        en: "By name, engine, family or licence.",
        zh: "按名称、引擎、类型或许可证查找。",
      },
      { command: "voxpool search cn", en: "All that is known of one model.", zh: "某个模型的全部信息。" },
    )
    .action(async (query: readonly string[], flags: SearchFlags, self: Command) => {
      context.exitCode = await search(query.join(" "), flags, self, context);
    });
  withSettings(command, searchSettings);
}

async function search(query: string, flags: SearchFlags, self: Command, context: CommandContext): Promise<number> {
  const { env, language } = context;
  try {
    const { loadConfig } = await import("../../base/config.ts");
    const { config } = loadConfig({ file: flags.config, env, flags: settingFlags(self, searchSettings), language });
    const [{ knownModels }, { searchCatalog }, { createCatalog }] = await Promise.all([
      import("../../catalog/known-models.ts"),
      import("../../catalog/search.ts"),
      import("../../catalog/catalog.ts"),
    ]);
    const wish = { query, ...(flags.language !== undefined && { language: flags.language }) };
    const catalog = createCatalog({ modelDirs: config.model_dir });
    const models = await searchCatalog(knownModels, catalog, wish, language);
    const exact = models.find(({ name }) => name === query);
    if (flags.json) printJson(context, { success: true, models, count: models.length });
    else
      printText(
        context,
        exact === undefined ? tableOf(models, language, roomOf(context)) : detailsOf(exact, language, roomOf(context)),
      );
    return exitCodes.ok.code;
  } catch (error) {
    return reportError(error, context, flags.json);
  }
}

function tableOf(models: readonly CatalogEntry[], language: MessageLanguage, room: number): string {
  const zh = language === "zh";
  if (models.length === 0) {
    return zh ? "没有符合的模型。列出全部：voxpool search\n" : "Nothing fits. List everything: voxpool search\n";
  }
  const titles = zh
    ? ["名称", "类型", "语言", "下载大小", "许可证", "已安装", "说明"]
    : ["NAME", "FAMILY", "LANGUAGES", "TO FETCH", "LICENCE", "INSTALLED", "WHAT IT IS"];
  const rows = models.map((model) => [
    model.name,
    model.family,
    languagesOf(model, language),
    model.size_bytes === undefined ? "" : formatBytes(model.size_bytes),
    model.licence,
    model.installed ? (zh ? "是" : "yes") : "",
    model.title,
  ]);
  return renderTable(
    titles.map((title, index) => ({ title, isNumber: index === 3 })),
    rows,
    room,
  );
}

function detailsOf(model: CatalogEntry, language: MessageLanguage, room: number): string {
  const zh = language === "zh";
  const fields: (readonly [en: string, zh: string, value: string])[] = [
    ["name", "名称", model.name],
    ["what it is", "说明", model.title],
    ["engine", "引擎", `${model.engine} ${model.family}`],
    ["languages", "语言", languagesOf(model, language)],
    ["to fetch", "下载大小", model.size_bytes === undefined ? "?" : formatBytes(model.size_bytes)],
    ["licence", "许可证", model.licence],
    ["installed", "已安装", model.model_path ?? (zh ? "否" : "no")],
    ["hash", "哈希", hashText(model, zh)],
    ...model.sources.map((source) => ["source", "来源", source] as const),
  ];
  return renderFields(
    fields.map(([en, chinese, value]) => [zh ? chinese : en, value]),
    room,
  );
}

function hashText({ pinned }: CatalogEntry, zh: boolean): string {
  if (pinned) return zh ? "与已公布的哈希比对" : "compared with published ones";
  return zh ? "首次下载时记录，之后比对" : "written down at the first download, compared from then on";
}

/** Many languages are a number; those with names are in the JSON. */
function languagesOf({ languages }: CatalogEntry, language: MessageLanguage): string {
  if (languages.length === 0) return language === "zh" ? "很多" : "many";
  return languages.length > 6 ? `${languages.slice(0, 3).join(",")},… (${languages.length})` : languages.join(",");
}
