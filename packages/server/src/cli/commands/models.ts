import type { AvailableModel, AvailableModels, ModelEntry, ModelList } from "@voxpool/client";
import type { MessageLanguage } from "../../base/errors.ts";
import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportFailure } from "../failures.ts";
import { formatBytes } from "../format.ts";
import { printJson, printText, roomOf } from "../output.ts";
import { stateText } from "../states.ts";
import { renderTable } from "../table.ts";

interface ModelsFlags extends ClientFlags {
  readonly loaded?: boolean;
  readonly available?: boolean;
}

/** `voxpool models` */
export function registerModels(program: CliCommand, context: CommandContext): void {
  program
    .command("models")
    .describe({ en: "List the models that are loaded and those on disk.", zh: "列出已加载的模型和磁盘上的模型。" })
    .withOption("--loaded", { en: "Only those that are loaded.", zh: "仅列出已加载的模型。" })
    .withOption("--available", { en: "Only what is on disk.", zh: "仅列出磁盘上的模型。" })
    .withClientOptions()
    .withExamples(
      { command: "voxpool models", en: "A table of all models.", zh: "所有模型的表格。" },
      {
        command: "voxpool models --json",
        en: 'Both answers of the server: {"loaded": …, "available": …}.',
        zh: '服务器的两个响应：{"loaded": …, "available": …}。',
      },
      {
        command: "voxpool models --loaded --json | jq -r '.models | keys[]'",
        en: "The paths of the loaded models, for a script.",
        zh: "供脚本使用：已加载模型的路径。",
      },
    )
    .action(async (flags: ModelsFlags) => {
      context.exitCode = await models(flags, context);
    });
}

async function models(flags: ModelsFlags, context: CommandContext): Promise<number> {
  if (flags.loaded && flags.available) {
    throw new UsageError(
      context.language === "zh" ? "--loaded 与 --available 只能选一个" : "give --loaded or --available, not both",
    );
  }
  const client = createClient(flags, context);
  const [loaded, available] = await Promise.all([
    flags.available ? undefined : client.listModels(),
    flags.loaded ? undefined : client.listAvailableModels(),
  ]);
  if (loaded?.success === false) return reportFailure(loaded, context, flags);
  if (available?.success === false) return reportFailure(available, context, flags);
  if (flags.json) printJson(context, loaded && available ? { loaded, available } : (loaded ?? available));
  else printText(context, modelTable(loaded, available, context.language, roomOf(context)));
  return exitCodes.ok.code;
}

/** All models that either answer names, by path. */
function modelTable(
  loaded: ModelList | undefined,
  available: AvailableModels | undefined,
  language: MessageLanguage,
  room: number,
): string {
  const instances = new Map(Object.entries(loaded?.models ?? {}));
  const files = new Map(Object.entries(available?.models ?? {}));
  const paths = [...new Set([...files.keys(), ...instances.keys()])].toSorted();
  const zh = language === "zh";
  if (paths.length === 0)
    return zh ? "没有模型。下载一个：voxpool pull en/tiny\n" : "No models. Fetch one: voxpool pull en/tiny\n";
  const titles = zh
    ? ["模型", "状态", "引擎", "语言", "磁盘", "内存", "使用次数"]
    : ["MODEL", "STATE", "ENGINE", "LANGUAGES", "DISK", "MEMORY", "USES"];
  const rows = paths.map((path) => modelRow(path, instances.get(path), files.get(path), zh));
  return renderTable(
    titles.map((title, index) => ({ title, isNumber: index >= 4 })),
    rows,
    room,
  );
}

function modelRow(
  path: string,
  instance: ModelEntry | undefined,
  file: AvailableModel | undefined,
  zh: boolean,
): string[] {
  // Whether it is loaded is also in the list of files, which stands alone with --available.
  const isLoaded = instance !== undefined || file?.loaded === true;
  const plain = isLoaded ? { en: "loaded", zh: "已加载" } : { en: "not loaded", zh: "未加载" };
  const kind = instance ?? file;
  return [
    path,
    (instance?.state && stateText(instance.state, zh ? "zh" : "en")) ?? file?.problem ?? (zh ? plain.zh : plain.en),
    [kind?.engine, kind?.family].filter((name) => name !== undefined && name !== "").join("/"),
    (kind?.languages ?? []).join(","),
    file === undefined ? "" : formatBytes(file.size_bytes),
    instance?.memory_bytes === undefined ? "" : formatBytes(instance.memory_bytes),
    instance === undefined ? "" : String(instance.usage_count),
  ];
}
