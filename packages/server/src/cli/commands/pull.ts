import type { Command } from "commander";
import { stateDirectory } from "../../base/paths.ts";
import type { SettingKey } from "../../base/settings.ts";
import { endpointKeys, endpointSettings } from "../../catalog/endpoints.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportError } from "../failures.ts";
import { print, printJson } from "../output.ts";
import { createPullProgress } from "../pull-progress.ts";
import { settingFlags, withSettings } from "../settings-options.ts";
import { createStatusLine } from "../status-line.ts";

interface PullFlags {
  readonly config?: string;
  readonly json?: boolean;
}

const pullSettings = ["model_dir", "state_dir", ...endpointKeys] as const satisfies readonly SettingKey[];

/** `voxpool pull [NAME]` */
export function registerPull(program: CliCommand, context: CommandContext): void {
  const command = program.command("pull");
  command
    .describe({
      en: "Fetch a model into the (first) model directory of this machine. No server is needed.",
      zh: "将模型下载到本机的（第一个）模型目录。无需服务器。",
    })
    .withArgument("[name]", {
      en: "What to fetch: a model, libvosk or silero-vad. Without it: lists the names.",
      zh: "要下载的内容：模型、libvosk 或 silero-vad。省略则列出可用名称。",
    })
    .withOption("--json", { en: "Print one JSON document.", zh: "输出一个 JSON 文档。" })
    .withExamples(
      { command: "voxpool pull", en: "Lists what can be fetched.", zh: "列出可下载的内容。" },
      {
        command: "voxpool pull en/tiny",
        en: "Fetches it, or finds it there. An interrupted download is resumed.",
        zh: "下载该模型；若已存在则直接返回。中断的下载会继续。",
      },
      { command: "voxpool pull libvosk", en: "The library that Vosk models need.", zh: "Vosk 模型所需的库。" },
    )
    .action(async (name: string | undefined, flags: PullFlags, self: Command) => {
      context.exitCode = await (name === undefined ? listNames(flags, context) : pullOne(name, flags, self, context));
    });
  withSettings(command, pullSettings);
}

async function listNames(flags: PullFlags, context: CommandContext): Promise<number> {
  const { pullNames } = await import("../../catalog/pull.ts");
  if (flags.json) printJson(context, { success: true, names: pullNames() });
  else print(context, `${pullNames().join("\n")}\n`);
  return exitCodes.ok.code;
}

async function pullOne(name: string, flags: PullFlags, self: Command, context: CommandContext): Promise<number> {
  const { env, language, signal } = context;
  const line = createStatusLine(context);
  try {
    const { loadConfig } = await import("../../base/config.ts");
    const { config } = loadConfig({ file: flags.config, env, flags: settingFlags(self, pullSettings), language });
    const textOf = createPullProgress(language);
    const { pull } = await import("../../catalog/pull.ts");
    const result = await pull(name, {
      modelDir: config.model_dir[0] ?? "model",
      stateDir: await stateDirectory(config),
      ...endpointSettings(config),
      onProgress: (event) => line.show(textOf(event)),
      signal,
    });
    line.clear();
    const { directory, alreadyThere } = result;
    if (flags.json) printJson(context, { success: true, name, directory, already_there: alreadyThere });
    else print(context, `${doneText(directory, alreadyThere, context)}\n`);
    return exitCodes.ok.code;
  } catch (error) {
    line.clear();
    return reportError(error, context, flags.json);
  }
}

function doneText(directory: string, alreadyThere: boolean, { language }: CommandContext): string {
  if (language === "zh") return alreadyThere ? `${directory} 已存在` : `已下载到 ${directory}`;
  return alreadyThere ? `${directory} is there already` : `fetched into ${directory}`;
}
