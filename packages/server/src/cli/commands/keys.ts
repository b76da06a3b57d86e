import type { CallFailure, KeyInfo, KeyScope, KeySecretAnswer, ModelAPIClient } from "@voxpool/client";
import { parseDuration } from "../../base/duration.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { changeModel } from "../change-model.ts";
import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportFailure } from "../failures.ts";
import { print, printJson, printText, roomOf, say } from "../output.ts";
import { renderTable } from "../table.ts";

interface CreateFlags extends ClientFlags {
  readonly scopes?: string;
  readonly models?: string;
  readonly expires?: string;
}

interface RotateFlags extends ClientFlags {
  readonly overlap?: string;
}

/** `voxpool keys list|create|rotate|revoke` */
export function registerKeys(program: CliCommand, context: CommandContext): void {
  const keys = program.command("keys").describe({
    en: "Make, list, rotate and revoke API keys. On the server's own machine this needs no key.",
    zh: "创建、列出、轮换和吊销 API 密钥。在服务器本机操作无需密钥。",
  });
  keys.helpCommand(false);
  registerCreate(keys, context);
  registerList(keys, context);
  registerRotate(keys, context);
  registerRevoke(keys, context);
}

function registerCreate(keys: CliCommand, context: CommandContext): void {
  keys
    .command("create")
    .describe({
      en: "Make a key and print its secret, which is shown this once.",
      zh: "创建密钥并输出其内容，仅显示这一次。",
    })
    .withArgument("<name>", { en: "Whose it is: dictation, kitchen.", zh: "密钥名称：dictation、kitchen。" })
    .withOption("--scopes <list>", {
      en: "What it may do: recognize, read, models, admin, separated by commas. Default: recognize,read.",
      zh: "权限：recognize、read、models、admin，以逗号分隔。默认：recognize,read。",
    })
    .withOption("--models <list>", {
      en: "The models it sees: patterns of ids or paths, separated by commas. Default: all.",
      zh: "可见的模型：ID 或路径的模式，以逗号分隔。默认：全部。",
    })
    .withOption("--expires <duration>", {
      en: "When it ends: 12h, 90d. Default: never.",
      zh: "有效期：12h、90d。默认：不过期。",
    })
    .withClientOptions()
    .withExamples(
      { command: "voxpool keys create dictation", en: "To recognise and to look.", zh: "可识别和查看。" },
      {
        command: "voxpool keys create kitchen --scopes recognize --models 'cn,en/*' --expires 90d",
        en: "For some models, and for a while.",
        zh: "仅限部分模型，并有期限。",
      },
    )
    .action(async (name: string, flags: CreateFlags) => {
      context.exitCode = await create(name, flags, context);
    });
}

function registerList(keys: CliCommand, context: CommandContext): void {
  keys
    .command("list")
    .describe({ en: "List the keys, without their secrets.", zh: "列出密钥，不含其内容。" })
    .withClientOptions()
    .withExamples({ command: "voxpool keys list", en: "A table of all.", zh: "所有密钥的表格。" })
    .action(async (flags: ClientFlags) => {
      context.exitCode = await list(flags, context);
    });
}

function registerRotate(keys: CliCommand, context: CommandContext): void {
  keys
    .command("rotate")
    .describe({ en: "Give a key another secret, and print it.", zh: "更换密钥内容并输出。" })
    .withArgument("<key>", { en: "Its name or id.", zh: "密钥名称或 ID。" })
    .withOption("--overlap <duration>", {
      en: "How long the old secret is taken as well: 1h. Default: not at all.",
      zh: "旧密钥继续有效的时长：1h。默认：立即失效。",
    })
    .withClientOptions()
    .withExamples({
      command: "voxpool keys rotate dictation --overlap 1d",
      en: "Clients have a day to change.",
      zh: "客户端有一天时间更换。",
    })
    .action(async (key: string, flags: RotateFlags) => {
      context.exitCode = await rotate(key, flags, context);
    });
}

function registerRevoke(keys: CliCommand, context: CommandContext): void {
  keys
    .command("revoke")
    .describe({ en: "Revoke a key: from now on it is refused.", zh: "吊销密钥：立即失效。" })
    .withArgument("<key>", { en: "Its name or id.", zh: "密钥名称或 ID。" })
    .withClientOptions()
    .withExamples({ command: "voxpool keys revoke kitchen", en: "At once.", zh: "立即生效。" })
    .action(async (key: string, flags: ClientFlags) => {
      context.exitCode = await changeModel(key, flags, context, (client) => client.revokeKey(key));
    });
}

async function create(name: string, flags: CreateFlags, context: CommandContext): Promise<number> {
  const request = {
    name,
    // The server knows the scopes there are.
    ...(flags.scopes !== undefined && { scopes: listOf(flags.scopes) as KeyScope[] }),
    ...(flags.models !== undefined && { models: listOf(flags.models) }),
    ...(flags.expires !== undefined && { expires_in_seconds: secondsOf(flags.expires, "--expires", context) }),
  };
  return tellSecret(flags, context, (client) => client.createKey(request));
}

function rotate(key: string, flags: RotateFlags, context: CommandContext): Promise<number> {
  const overlapSeconds = flags.overlap === undefined ? 0 : secondsOf(flags.overlap, "--overlap", context);
  return tellSecret(flags, context, (client) => client.rotateKey(key, { overlapSeconds }));
}

/** The secret alone on standard output, so that it can be piped to where it is kept. */
async function tellSecret(
  flags: ClientFlags,
  context: CommandContext,
  ask: (client: ModelAPIClient) => Promise<KeySecretAnswer | CallFailure>,
): Promise<number> {
  const answer = await ask(createClient(flags, context));
  if (!answer.success) return reportFailure(answer, context, flags);
  if (flags.json) {
    printJson(context, answer);
    return exitCodes.ok.code;
  }
  print(context, `${answer.secret}\n`);
  const { scopes } = answer.key;
  const zh = context.language === "zh";
  say(
    context,
    zh
      ? `${answer.message}，权限：${scopes.join("、")}。请立即保存：不会再次显示。`
      : `${answer.message}; it may: ${scopes.join(", ")}. Keep it now: it is not shown again.`,
  );
  return exitCodes.ok.code;
}

async function list(flags: ClientFlags, context: CommandContext): Promise<number> {
  const answer = await createClient(flags, context).listKeys();
  if (!answer.success) return reportFailure(answer, context, flags);
  if (flags.json) printJson(context, answer);
  else printText(context, tableOf(answer.keys, context));
  return exitCodes.ok.code;
}

const states: Readonly<Record<KeyInfo["state"], string>> = { active: "有效", expired: "已过期", revoked: "已吊销" };

function tableOf(keys: readonly KeyInfo[], context: CommandContext): string {
  const zh = context.language === "zh";
  if (keys.length === 0) {
    return zh
      ? "没有密钥。创建一个：voxpool keys create dictation\n"
      : "No keys. Make one: voxpool keys create dictation\n";
  }
  const titles = zh
    ? ["名称", "状态", "权限", "模型", "过期时间", "最近使用", "ID"]
    : ["NAME", "STATE", "MAY", "MODELS", "EXPIRES", "LAST USED", "ID"];
  const rows = keys.map((key) => [
    key.name,
    zh ? states[key.state] : key.state,
    key.scopes.join(","),
    key.models.join(","),
    timeOf(key.expires_at),
    timeOf(key.last_used_at),
    key.id,
  ]);
  return renderTable(
    titles.map((title) => ({ title })),
    rows,
    roomOf(context),
  );
}

/** Of Unix seconds, to the minute. */
const timeOf = (seconds: number | null): string =>
  seconds === null ? "" : new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");

const listOf = (text: string): string[] =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");

function secondsOf(text: string, option: string, { language }: CommandContext): number {
  try {
    const seconds = parseDuration(text, option);
    if (Number.isFinite(seconds)) return seconds;
  } catch (error) {
    if (!(error instanceof VoxpoolError)) throw error;
  }
  throw new UsageError(language === "zh" ? `${option} 应如 12h 或 90d` : `${option} takes a duration like 12h or 90d`);
}
