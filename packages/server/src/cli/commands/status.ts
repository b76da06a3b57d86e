import type { CallFailure, ModelStatus, ModelStatusFailure } from "@voxpool/client";
import type { MessageLanguage } from "../../base/errors.ts";
import { type ClientFlags, createClient, defaultUrl } from "../client.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportFailure } from "../failures.ts";
import { formatBytes, formatDuration, formatTime } from "../format.ts";
import { print, printJson, roomOf, say } from "../output.ts";
import { stateText } from "../states.ts";
import { renderFields } from "../table.ts";

/** `voxpool status [PATH]` */
export function registerStatus(program: CliCommand, context: CommandContext): void {
  program
    .command("status")
    .describe({ en: "Show how the server is, or one model.", zh: "查看服务器或某个模型的状态。" })
    .withArgument("[path]", {
      en: "Path of a model, for example model/cn. Without it: the server.",
      zh: "模型路径，例如 model/cn。省略则查看服务器。",
    })
    .withClientOptions()
    .withExamples(
      { command: "voxpool status", en: "Exit code 3 if no server answers.", zh: "没有服务器响应时退出码为 3。" },
      {
        command: "voxpool status model/cn",
        en: "Exit code 1 if the model is not loaded.",
        zh: "模型未加载时退出码为 1。",
      },
    )
    .action(async (path: string | undefined, flags: ClientFlags) => {
      context.exitCode = await (path === undefined ? serverStatus(flags, context) : modelStatus(path, flags, context));
    });
}

async function serverStatus(flags: ClientFlags, context: CommandContext): Promise<number> {
  const answer = await createClient(flags, context).checkHealth();
  if (!answer.success) return reportFailure(answer, context, flags);
  const [status, version, loaded, url] =
    context.language === "zh" ? ["状态", "版本", "已加载模型", "地址"] : ["status", "version", "models loaded", "url"];
  if (flags.json) printJson(context, answer);
  else {
    const fields = [
      [status, stateText(answer.status, context.language)],
      [version, answer.version],
      [loaded, String(answer.loaded_models_count)],
      [url, withoutSecrets(flags.url ?? (context.env.VOXPOOL_URL || defaultUrl))],
    ] as const;
    print(context, renderFields(fields, roomOf(context)));
  }
  return exitCodes.ok.code;
}

async function modelStatus(path: string, flags: ClientFlags, context: CommandContext): Promise<number> {
  const answer = await createClient(flags, context).getModelStatus(path);
  if (!answer.success) {
    const code = reportFailure(answer, context, flags);
    sayMore(answer, context);
    return code;
  }
  if (flags.json) printJson(context, answer);
  else print(context, statusText(answer, context.language, roomOf(context)));
  return exitCodes.ok.code;
}

/** A load that is in progress, or how the last one failed. */
function sayMore(answer: CallFailure<ModelStatusFailure>, context: CommandContext): void {
  const zh = context.language === "zh";
  if (answer.state !== undefined) {
    const state = stateText(answer.state, context.language);
    say(context, zh ? `状态：${state}` : `state: ${state}`);
  }
  if (answer.last_error === undefined) return;
  const { message, at } = answer.last_error;
  say(context, zh ? `上次错误（${formatTime(at)}）：${message}` : `last error (${formatTime(at)}): ${message}`);
}

/** What is known of a loaded model, a line each. A server of the older kind knows the last three only. */
function statusText({ model_path, status }: ModelStatus, language: MessageLanguage, room: number): string {
  const zh = language === "zh";
  const known: (readonly [en: string, zh: string, value: string | undefined])[] = [
    ["model", "模型", model_path],
    ["state", "状态", status.state && stateText(status.state, language)],
    ["version", "版本", status.version],
    ["engine", "引擎", status.engine],
    ["family", "类型", status.family],
    ["languages", "语言", status.languages?.join(", ")],
    ["memory", "内存", status.memory_bytes === undefined ? undefined : formatBytes(status.memory_bytes)],
    ["process", "进程", status.pid === undefined ? undefined : String(status.pid)],
    ["loaded at", "加载时间", formatTime(status.loaded_at)],
    [
      "load time",
      "加载用时",
      status.load_time < 10 ? `${status.load_time.toFixed(2)} s` : formatDuration(status.load_time, language),
    ],
    ["uses", "使用次数", String(status.usage_count)],
  ];
  return renderFields(
    known.flatMap(([en, chinese, value]) => (value ? [[zh ? chinese : en, value] as const] : [])),
    room,
  );
}

/** A key may stand in the URL as its password. */
function withoutSecrets(url: string): string {
  if (!URL.canParse(url)) return "";
  const parsed = new URL(url);
  parsed.username = "";
  parsed.password = "";
  return parsed.href;
}
