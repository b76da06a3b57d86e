import { type Command, Option } from "commander";
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
  readonly as?: string;
  readonly from?: readonly string[];
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
      en: "What to fetch: a name that search shows, libvosk, silero-vad, itn-zh, or the address of an archive or of a model's page at Hugging Face or ModelScope. Without it: lists the names.",
      zh: "要下载的内容：search 列出的名称、libvosk、silero-vad、itn-zh，或压缩包地址，或 Hugging Face、ModelScope 上的模型页面地址。省略则列出可用名称。",
    })
    .withOption("--as <name>", {
      en: "The name under which it lands in the model directory.",
      zh: "存入模型目录时使用的名称。",
    })
    .addOption(
      new Option(
        "--from <file>",
        command.text({
          en: "An archive that was brought by hand, instead of the network; may be repeated.",
          zh: "使用手动拷贝来的压缩包，不访问网络；可重复。",
        }),
      ).argParser((value: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), value]),
    )
    .withOption("--json", { en: "Print one JSON document.", zh: "输出一个 JSON 文档。" })
    .withExamples(
      { command: "voxpool pull", en: "Lists what can be fetched.", zh: "列出可下载的内容。" },
      {
        command: "voxpool pull en/tiny",
        en: "Fetches it, or finds it there. An interrupted download is resumed.",
        zh: "下载该模型；若已存在则直接返回。中断的下载会继续。",
      },
      {
        command: "voxpool pull cn --from vosk-model-small-cn-0.22.zip",
        en: "From a file that was brought by hand; it is checked like a download.",
        zh: "使用手动拷贝来的文件；与下载一样会校验。",
      },
      {
        command: "voxpool pull https://huggingface.co/csukuangfj/sherpa-onnx-whisper-tiny --as whisper-tiny",
        en: "From a page of a hub.",
        zh: "从模型页面下载。",
      },
      { command: "voxpool pull libvosk", en: "The library that Vosk models need.", zh: "Vosk 模型所需的库。" },
    )
    .action(async (name: string | undefined, flags: PullFlags, self: Command) => {
      const isListing = name === undefined && flags.from === undefined;
      context.exitCode = await (isListing ? listNames(flags, context) : pullOne(name ?? "", flags, self, context));
    });
  withSettings(command, pullSettings);
}

async function listNames(flags: PullFlags, context: CommandContext): Promise<number> {
  const { pullNames } = await import("../../catalog/pull.ts");
  if (flags.json) printJson(context, { success: true, names: pullNames() });
  else print(context, `${pullNames().join("\n")}\n`);
  return exitCodes.ok.code;
}

async function pullOne(what: string, flags: PullFlags, self: Command, context: CommandContext): Promise<number> {
  const { env, language, signal } = context;
  const line = createStatusLine(context);
  try {
    const { loadConfig } = await import("../../base/config.ts");
    const { config } = loadConfig({ file: flags.config, env, flags: settingFlags(self, pullSettings), language });
    const textOf = createPullProgress(language);
    const { pull } = await import("../../catalog/pull.ts");
    const result = await pull(what, {
      modelDir: config.model_dir[0] ?? "model",
      stateDir: await stateDirectory(config),
      ...endpointSettings(config),
      as: flags.as,
      from: flags.from,
      onProgress: (event) => line.show(textOf(event)),
      signal,
    });
    line.clear();
    const { name, directory, alreadyThere } = result;
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
