import type { ModelStats, Stats, StatsWindow } from "@voxpool/client";
import type { MessageLanguage } from "../../base/errors.ts";
import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportFailure } from "../failures.ts";
import { formatBytes, formatDuration, formatLatency, formatTime } from "../format.ts";
import { print, printJson } from "../output.ts";
import { stateText } from "../states.ts";
import { renderFields, renderTable } from "../table.ts";

/** `voxpool stats [MODEL]` */
export function registerStats(program: CliCommand, context: CommandContext): void {
  program
    .command("stats")
    .describe({
      en: "Show what the models did: requests, speed, memory, errors.",
      zh: "显示各模型的统计：请求数、速度、内存、错误。",
    })
    .withArgument("[model]", {
      en: "Path of a model (model/cn) or of one version of it (model/cn@1). Without it: all models.",
      zh: "模型路径（model/cn）或其某个版本（model/cn@1）。省略则显示全部模型。",
    })
    .withClientOptions()
    .withExamples(
      { command: "voxpool stats", en: "A table: a line for each model version.", zh: "表格：每个模型版本一行。" },
      {
        command: "voxpool stats model/cn",
        en: "One model, with latencies of the last minute, five minutes, hour, and of its whole life.",
        zh: "单个模型：最近 1 分钟、5 分钟、1 小时及全部时间的延迟。",
      },
    )
    .action(async (model: string | undefined, flags: ClientFlags) => {
      context.exitCode = await (model === undefined ? showAll(flags, context) : showOne(model, flags, context));
    });
}

async function showAll(flags: ClientFlags, context: CommandContext): Promise<number> {
  const answer = await createClient(flags, context).stats();
  if (!answer.success) return reportFailure(answer, context, flags);
  if (flags.json) printJson(context, answer);
  else print(context, tableOf(answer, context.language));
  return exitCodes.ok.code;
}

async function showOne(model: string, flags: ClientFlags, context: CommandContext): Promise<number> {
  const answer = await createClient(flags, context).modelStats(model);
  if (!answer.success) return reportFailure(answer, context, flags);
  if (flags.json) printJson(context, answer);
  else print(context, textOf(answer.model_path, answer.stats, context.language));
  return exitCodes.ok.code;
}

function tableOf({ total, models, queue, uptime_seconds: uptime }: Stats, language: MessageLanguage): string {
  const zh = language === "zh";
  const titles = zh
    ? ["模型", "状态", "请求", "错误", "音频", "实时率", "P50", "P95", "P99", "内存", "CPU", "重启", "占用", "会话"]
    : "MODEL STATE REQUESTS ERRORS AUDIO RTF P50 P95 P99 MEMORY CPU RESTARTS HOLDS SESSIONS".split(" ");
  const rows = Object.entries(models).map(([path, stats]) => rowOf(path, stats, language));
  const table = renderTable(
    titles.map((title, index) => ({ title, isNumber: index >= 2 })),
    [...rows, rowOf(zh ? "合计" : "total", total, language)],
  );
  const { running, waiting, waiting_audio_seconds: waitingSeconds } = queue;
  const work = zh
    ? `正在解码 ${running}，排队 ${waiting}（音频 ${formatDuration(waitingSeconds, language)}），已运行 ${formatDuration(uptime, language)}`
    : `${running} decoding, ${waiting} waiting (${formatDuration(waitingSeconds, language)} of audio), up ${formatDuration(uptime, language)}`;
  return `${table}\n${work}\n`;
}

function rowOf(path: string, stats: ModelStats, language: MessageLanguage): string[] {
  const { life } = stats;
  const { p50, p95, p99, count } = life.total_seconds;
  return [
    path,
    stats.state === undefined ? "" : stateText(stats.state, language),
    String(life.requests),
    String(life.errors),
    formatDuration(life.audio_seconds, language),
    life.audio_seconds === 0 ? "" : formatFactor(life.real_time_factor),
    ...[p50, p95, p99].map((seconds) => (count === 0 ? "" : formatLatency(seconds))),
    stats.memory_bytes === 0 ? "" : formatBytes(stats.memory_bytes),
    formatDuration(stats.cpu_seconds, language),
    String(stats.restarts),
    String(stats.holds),
    String(stats.sessions),
  ];
}

function textOf(path: string, stats: ModelStats, language: MessageLanguage): string {
  const zh = language === "zh";
  const counts = [
    ["loads", "加载", stats.loads],
    ["load failures", "加载失败", stats.load_failures],
    ["restarts", "重启", stats.restarts],
    ["recycles", "更换进程", stats.recycles],
    ["evictions", "被逐出", stats.evictions],
    ["failovers", "转移", stats.failovers],
    ["replays", "重新处理", stats.replays],
    ["switches", "切换", stats.switches],
    ["rollbacks", "回滚", stats.rollbacks],
    ["holds", "占用", stats.holds],
    ["sessions", "会话", stats.sessions],
  ] as const;
  const fields: (readonly [en: string, zh: string, value: string])[] = [
    ["model", "模型", path],
    ["version", "版本", stats.version ?? (zh ? "全部" : "all")],
    ...(stats.state === undefined ? [] : [["state", "状态", stateText(stats.state, language)] as const]),
    ["since", "统计始于", formatTime(stats.since)],
    ["memory", "内存", formatBytes(stats.memory_bytes)],
    ["peak memory", "内存峰值", formatBytes(stats.peak_memory_bytes)],
    ["processor time", "CPU 时间", formatDuration(stats.cpu_seconds, language)],
    ...counts.map(([en, chinese, count]) => [en, chinese, String(count)] as const),
    ...Object.entries(stats.errors_by_reason).map(([reason, count]) => [reason, reason, String(count)] as const),
  ];
  return `${renderFields(fields.map(([en, chinese, value]) => [zh ? chinese : en, value]))}\n${windowsOf(stats, language)}`;
}

function windowsOf(stats: ModelStats, language: MessageLanguage): string {
  const zh = language === "zh";
  const titles = zh
    ? ["时段", "请求", "错误", "音频", "实时率", "", "平均", "P50", "P95", "P99", "最大"]
    : ["WINDOW", "REQUESTS", "ERRORS", "AUDIO", "RTF", "", "MEAN", "P50", "P95", "P99", "MAX"];
  const windows = [
    [zh ? "1 分钟" : "1 min", stats.last_minute],
    [zh ? "5 分钟" : "5 min", stats.last_5_minutes],
    [zh ? "1 小时" : "1 h", stats.last_hour],
    [zh ? "全部" : "life", stats.life],
  ] as const;
  return renderTable(
    titles.map((title, index) => ({ title, isNumber: index > 0 && index !== 5 })),
    windows.flatMap(([name, window]) => windowRows(name, window, language)),
  );
}

/** A window has a line for each kind of latency. */
function windowRows(name: string, window: StatsWindow, language: MessageLanguage): string[][] {
  const zh = language === "zh";
  const kinds = [
    [zh ? "排队" : "queue", window.queue_seconds],
    [zh ? "解码" : "decode", window.decode_seconds],
    [zh ? "总计" : "total", window.total_seconds],
  ] as const;
  const first = [
    name,
    String(window.requests),
    String(window.errors),
    formatDuration(window.audio_seconds, language),
    window.audio_seconds === 0 ? "" : formatFactor(window.real_time_factor),
  ];
  return kinds.map(([kind, { mean, p50, p95, p99, max, count }], index) => [
    ...(index === 0 ? first : ["", "", "", "", ""]),
    kind,
    ...[mean, p50, p95, p99, max].map((seconds) => (count === 0 ? "" : formatLatency(seconds))),
  ]);
}

function formatFactor(factor: number): string {
  return factor.toFixed(factor < 0.1 ? 3 : 2);
}
