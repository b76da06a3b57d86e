import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { LoadedConfig } from "../../base/config.ts";
import type { VoxpoolError } from "../../base/errors.ts";
import { inChinese } from "../../base/phrases.ts";
import { settingKeys } from "../../base/setting-names.ts";
import { systemText } from "../../base/system-text.ts";
import { changeModel } from "../change-model.ts";
import type { ClientFlags } from "../client.ts";
import type { CliCommand } from "../command.ts";
import { configTemplate } from "../config-template.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportError } from "../failures.ts";
import { print, printJson, roomOf, say } from "../output.ts";
import { settingFlags, withSettings } from "../settings-options.ts";
import { renderTable } from "../table.ts";
import { unknownCommand } from "./help.ts";

interface ConfigFlags {
  readonly config?: string;
  readonly json?: boolean;
}

type Load = typeof import("../../base/config.ts").loadConfig;

const usualFile = "voxpool.yaml";

/** `voxpool config`, `voxpool config init [FILE]`, `voxpool config check [FILE]` */
export function registerConfig(program: CliCommand, context: CommandContext): void {
  const command = program.command("config");
  command
    .describe({
      en: "Show every setting: its value, and where it comes from. It takes the flags that serve takes.",
      zh: "显示每个设置的值及其来源。可用 serve 的所有选项。",
    })
    .withOption("--json", { en: "Print one JSON document.", zh: "输出一个 JSON 文档。" })
    .withExamples(
      { command: "voxpool config", en: "A table: key, value, source.", zh: "表格：键、值、来源。" },
      {
        command: "VOXPOOL_PORT=5001 voxpool config --json | jq .settings.port",
        en: 'For scripts: {"value": 5001, "source": "VOXPOOL_PORT"}.',
        zh: '供脚本使用：{"value": 5001, "source": "VOXPOOL_PORT"}。',
      },
    )
    .allowExcessArguments()
    .action(async (flags: ConfigFlags, self: Command) => {
      if (self.args[0] !== undefined) throw unknownCommand(command, self.args[0], context);
      context.exitCode = await orReported(flags.json, context, (load) => show(load, flags, self, context));
    });
  withSettings(command, settingKeys);
  registerInit(command, context);
  registerCheck(command, context);
  registerConfigReload(command, context);
}

function registerInit(command: CliCommand, context: CommandContext): void {
  command
    .command("init")
    .describe({
      en: "Write a file with all settings, each explained and at its default. It never replaces a file.",
      zh: "写出包含全部设置的文件，每项附说明和默认值。不会覆盖已有文件。",
    })
    .withArgument("[file]", { en: `Where to. Default: ${usualFile}.`, zh: `写到何处。默认：${usualFile}。` })
    .withExamples({ command: "voxpool config init", en: `Writes ${usualFile} here.`, zh: `在此处写出 ${usualFile}。` })
    .action(async (file: string = usualFile) => {
      await writeTemplate(file, context);
      print(context, `${file}\n`);
    });
}

function registerConfigReload(command: CliCommand, context: CommandContext): void {
  command
    .command("reload")
    .describe({
      en: "Have a running server read its configuration again, as SIGHUP does. A wrong one changes nothing.",
      zh: "让运行中的服务器重新读取配置，与 SIGHUP 相同。配置有误时不作任何改动。",
    })
    .withClientOptions()
    .withExamples({
      command: "voxpool config reload",
      en: "Says what is in force now, and what needs a restart.",
      zh: "说明哪些已生效，哪些需要重启。",
    })
    .action(async (flags: ClientFlags, self: Command) => {
      const label = context.language === "zh" ? "正在重新读取配置" : "reading the configuration again";
      const all = { ...self.optsWithGlobals<ClientFlags>(), ...flags };
      context.exitCode = await changeModel(label, all, context, (client) => client.reloadConfig());
    });
}

function registerCheck(command: CliCommand, context: CommandContext): void {
  command
    .command("check")
    .describe({
      en: "Check a file, apart from environment and flags. Exit code 2 if something in it is wrong.",
      zh: "单独检查一个文件（不含环境变量和选项）。有错误时退出码为 2。",
    })
    .withArgument("[file]", { en: `Which. Default: ${usualFile}.`, zh: `哪个文件。默认：${usualFile}。` })
    .withOption("--json", { en: "Print one JSON document.", zh: "输出一个 JSON 文档。" })
    .withExamples({
      command: "voxpool config check /etc/voxpool.yaml",
      en: "Names every line that is wrong, and the nearest valid name.",
      zh: "指出每一处有误的行以及最接近的有效名称。",
    })
    .action(async (file: string = usualFile, flags: ConfigFlags, self: Command) => {
      // A flag that stands behind the subcommand may have been taken for its parent's.
      const json = flags.json ?? self.optsWithGlobals<ConfigFlags>().json;
      context.exitCode = await orReported(json, context, (load) => check(load, file, json === true, context));
    });
}

async function orReported(
  json: boolean | undefined,
  context: CommandContext,
  work: (load: Load) => number,
): Promise<number> {
  try {
    const { loadConfig } = await import("../../base/config.ts");
    return work(loadConfig);
  } catch (error) {
    return reportError(error, context, json);
  }
}

function show(load: Load, flags: ConfigFlags, self: Command, context: CommandContext): number {
  const { env, language } = context;
  const loaded = load({ file: flags.config, env, flags: settingFlags(self, settingKeys), language });
  if (flags.json) printJson(context, wireConfig(loaded));
  else print(context, tableOf(loaded, context));
  return exitCodes.ok.code;
}

/** Tells all that is wrong with a file. @returns the exit code @throws VoxpoolError if it cannot be read at all */
function check(load: Load, file: string, json: boolean, context: CommandContext): number {
  const { language } = context;
  const problems: VoxpoolError[] = [];
  const { origins } = load({ file, env: {}, flags: {}, language, onProblem: (one) => problems.push(one) });
  const count = settingKeys.filter((key) => origins[key] !== "default").length;
  const [first] = problems;
  if (first !== undefined) {
    for (const one of problems) say(context, one.messageIn(language));
    if (json) {
      const all = problems.map((one) => ({ message: one.messageIn(language), ...one.details }));
      const { message } = all[0] ?? {};
      printJson(context, { success: false, message, reason: first.reason, retryable: false, file, problems: all });
    }
    return exitCodes.usage.code;
  }
  if (json) printJson(context, { success: true, file, settings: count });
  else {
    print(
      context,
      language === "zh" ? `${file}：正确，设置项数：${count}\n` : `${file} is valid; settings in it: ${count}\n`,
    );
  }
  return exitCodes.ok.code;
}

async function writeTemplate(file: string, { language }: CommandContext): Promise<void> {
  try {
    await writeFile(file, configTemplate(language), { flag: "wx" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const why = systemText(error);
    if (code === "EEXIST") {
      throw new UsageError(
        language === "zh" ? `${file} 已存在，未改动` : `${file} is there already, and was left as it is`,
      );
    }
    throw new UsageError(
      language === "zh" ? `无法写入 ${file}：${inChinese(why)}` : `${file} cannot be written: ${why}`,
    );
  }
}

function wireConfig({ config, origins, file }: LoadedConfig): object {
  const settings = settingKeys.map((key) => [key, { value: config[key], source: origins[key] }]);
  return { success: true, ...(file !== undefined && { file }), settings: Object.fromEntries(settings) };
}

function tableOf({ config, origins }: LoadedConfig, context: CommandContext): string {
  const { language } = context;
  const titles = language === "zh" ? ["设置", "值", "来源"] : ["SETTING", "VALUE", "SOURCE"];
  const rows = settingKeys.map((key) => {
    const value: unknown = config[key];
    const text = Array.isArray(value) ? value.join(", ") : String(value);
    const source = origins[key];
    return [key, text === "" ? '""' : text, source === "default" && language === "zh" ? "默认" : source];
  });
  return renderTable(
    titles.map((title) => ({ title })),
    rows,
    roomOf(context),
  );
}
