import { setTimeout as pause } from "node:timers/promises";
import type { CallFailure, ModelAPIClient, PoolEvent, Stats } from "@voxpool/client";
import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { eventLine } from "../event-line.ts";
import { exitCodes } from "../exit-codes.ts";
import { exitCodeOf, messageOf, reportFailure } from "../failures.ts";
import { printJson, printText } from "../output.ts";
import { createScreenLines, type ScreenLines } from "../screen-lines.ts";
import { topLines } from "../top-table.ts";

interface TopFlags extends ClientFlags {
  readonly once?: boolean;
}

const refreshMs = 1000;
/** The last events that are shown below the table. */
const mostEvents = 8;

/** `voxpool top` */
export function registerTop(program: CliCommand, context: CommandContext): void {
  program
    .command("top")
    .describe({
      en: "Show what the server does now, anew each second, until Ctrl-C: load, models, speed, and the last events.",
      zh: "每秒刷新显示服务器当前状况，直到 Ctrl-C：负载、模型、速度和最近的事件。",
    })
    .withOption("--once", { en: "Show it once.", zh: "只显示一次。" })
    .withClientOptions()
    .withExamples(
      { command: "voxpool top", en: "Live.", zh: "实时显示。" },
      { command: "voxpool top --once", en: "Once, also for a script.", zh: "只显示一次，也可用于脚本。" },
    )
    .action(async (flags: TopFlags) => {
      const isLive = flags.once !== true && flags.json !== true && context.stdout.isTTY && context.env.TERM !== "dumb";
      context.exitCode = await (isLive ? watch(flags, context) : once(flags, context));
    });
}

/** Where nothing can be drawn anew it is shown once. */
async function once(flags: TopFlags, context: CommandContext): Promise<number> {
  const answer = await createClient(flags, context).stats();
  if (!answer.success) return reportFailure(answer, context, flags);
  if (flags.json) printJson(context, answer);
  else printText(context, `${topLines(answer, context.language).join("\n")}\n`);
  return exitCodes.ok.code;
}

/** Until Ctrl-C. A server that was never there is a failure, one that goes away is waited for. */
async function watch(flags: TopFlags, context: CommandContext): Promise<number> {
  const { signal, language } = context;
  const client = createClient(flags, context);
  const lines = createScreenLines({ stderr: context.stdout, env: context.env });
  const news: string[] = [];
  void follow(client, (event) => {
    news.push(eventLine(event, language));
    news.splice(0, news.length - mostEvents);
  });
  let last: Stats | undefined;
  while (!signal.aborted) {
    const answer = await client.stats();
    if (signal.aborted) break;
    if (!answer.success && last === undefined) return reportFailure(answer, context, flags);
    if (answer.success) last = answer;
    draw(lines, answer, news, context);
    await pause(refreshMs, undefined, { signal }).catch(() => undefined);
  }
  lines.clear();
  if (last !== undefined) printText(context, `${topLines(last, language).join("\n")}\n`);
  return exitCodeOf({ reason: "request_cancelled" }, context);
}

/** What happens is a help, not what was asked for: a server that does not tell it is shown all the same. */
async function follow(client: ModelAPIClient, tell: (event: PoolEvent) => void): Promise<void> {
  for await (const event of client.events()) {
    if ("failure" in event) return;
    tell(event);
  }
}

/** As many models as there is room for, then the last events. */
function draw(lines: ScreenLines, answer: Stats | CallFailure, news: readonly string[], context: CommandContext): void {
  const { language, stdout } = context;
  if (!answer.success) {
    lines.show([messageOf(answer, language)]);
    return;
  }
  const room = (stdout.rows || 24) - 1;
  const table = topLines(answer, language);
  const events = news.length === 0 ? [] : ["", ...news];
  const left = Math.max(0, room - table.length);
  lines.show([...table.slice(0, room), ...events.slice(-left || events.length).slice(0, left)]);
}
