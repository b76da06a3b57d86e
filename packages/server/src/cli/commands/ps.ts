import { setTimeout as pause } from "node:timers/promises";
import type { CallFailure, ModelAPIClient, ModelList } from "@voxpool/client";
import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { exitCodeOf, messageOf, reportFailure } from "../failures.ts";
import { printJson, printLine, printText, say } from "../output.ts";
import { poolTable } from "../pool-table.ts";
import { createScreenLines, type ScreenLines } from "../screen-lines.ts";

interface PsFlags extends ClientFlags {
  readonly watch?: boolean;
}

const refreshMs = 1000;

/** `voxpool ps` */
export function registerPs(program: CliCommand, context: CommandContext): void {
  program
    .command("ps")
    .describe({
      en: "Show the loaded models: who keeps each, how much memory it takes, and when it goes.",
      zh: "查看已加载的模型：由谁保留、占用多少内存、何时卸载。",
    })
    .withOption("-w, --watch", {
      en: "Show it anew each second, until Ctrl-C. A server that goes away is waited for.",
      zh: "每秒刷新，直到 Ctrl-C。服务器不可达时会等待。",
    })
    .withClientOptions()
    .withExamples(
      { command: "voxpool ps", en: "A table.", zh: "表格。" },
      { command: "voxpool ps --watch", en: "The same, live.", zh: "实时刷新的表格。" },
      {
        command: "voxpool ps --json | jq '.models[] | .holds'",
        en: "Who holds what, for a script.",
        zh: "供脚本使用：谁持有什么。",
      },
    )
    .action(async (flags: PsFlags) => {
      context.exitCode = await (flags.watch ? watch(flags, context) : ps(flags, context));
    });
}

async function ps(flags: PsFlags, context: CommandContext): Promise<number> {
  const answer = await createClient(flags, context).listModels();
  if (!answer.success) return reportFailure(answer, context, flags);
  if (flags.json) printJson(context, answer);
  else printText(context, poolTable(answer, context.language));
  return exitCodes.ok.code;
}

/** Until Ctrl-C. A server that was never there is a failure, one that goes away is waited for. */
async function watch(flags: PsFlags, context: CommandContext): Promise<number> {
  const { signal } = context;
  const client: ModelAPIClient = createClient(flags, context);
  const lines = createScreenLines({ stderr: context.stdout, env: context.env });
  const isLive = context.stdout.isTTY && context.env.TERM !== "dumb" && !flags.json;
  let last: ModelList | undefined;
  while (!signal.aborted) {
    const answer = await client.listModels();
    if (signal.aborted) break;
    if (!answer.success && last === undefined) return reportFailure(answer, context, flags);
    if (answer.success) last = answer;
    if (isLive) draw(lines, answer, context);
    else await write(answer, flags, context);
    await pause(refreshMs, undefined, { signal }).catch(() => undefined);
  }
  lines.clear();
  if (isLive && last !== undefined) printText(context, poolTable(last, context.language));
  return exitCodeOf({ reason: "request_cancelled" }, context);
}

function draw(lines: ScreenLines, answer: ModelList | CallFailure, context: CommandContext): void {
  if (!answer.success) {
    lines.show([messageOf(answer, context.language)]);
    return;
  }
  const all = poolTable(answer, context.language).trimEnd().split("\n");
  const room = Math.max(3, (context.stdout.rows || 24) - 2);
  const more = context.language === "zh" ? `… 另有 ${all.length - room} 个` : `… and ${all.length - room} more`;
  lines.show(all.length > room ? [...all.slice(0, room), more] : all);
}

/** Without a terminal: one document or table after the other. */
async function write(answer: ModelList | CallFailure, flags: PsFlags, context: CommandContext): Promise<void> {
  if (flags.json) await printLine(context, JSON.stringify(answer));
  else if (answer.success) await printLine(context, poolTable(answer, context.language));
  else say(context, messageOf(answer, context.language));
}
