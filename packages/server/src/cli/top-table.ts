import type { ModelStats, Stats, StatsWindow } from "@voxpool/client";
import type { MessageLanguage } from "../base/errors.ts";
import { formatBytes, formatDuration, formatLatency } from "./format.ts";
import { stateText } from "./states.ts";
import { renderTable } from "./table.ts";

const titles = {
  en: ["MODEL", "STATE", "SESSIONS", "REQ/MIN", "ERRORS", "AUDIO", "RTF", "WAIT P95", "P50", "P95", "MEMORY"],
  zh: ["模型", "状态", "会话", "每分请求", "错误", "音频", "实时率", "排队P95", "P50", "P95", "内存"],
} as const;

/** What a server does now: its load in a line, then a line for each model that did something, busiest first. */
export function topLines(stats: Stats, language: MessageLanguage): string[] {
  const rows = Object.entries(stats.models)
    .filter(([, { state, last_hour: hour }]) => isAlive(state) || hour.requests > 0)
    .toSorted(([a, one], [b, other]) => load(other) - load(one) || (a < b ? -1 : 1))
    .map(([path, model]) => rowOf(path, model, language));
  const all = rowOf(language === "zh" ? "合计" : "total", stats.total, language);
  const table = renderTable(
    titles[language].map((title, index) => ({ title, isNumber: index >= 2 })),
    [...rows, all],
  );
  return [loadLine(stats, language), "", ...table.trimEnd().split("\n")];
}

function loadLine({ queue, total, uptime_seconds: uptime }: Stats, language: MessageLanguage): string {
  const { running, waiting, waiting_audio_seconds: audio, sessions } = queue;
  const [memory, up, behind] = [
    formatBytes(total.memory_bytes),
    formatDuration(uptime, language),
    formatDuration(audio, language),
  ];
  return language === "zh"
    ? `已运行 ${up}　会话 ${sessions}　正在解码 ${running}　排队 ${waiting}（音频 ${behind}）　模型内存 ${memory}`
    : `up ${up}   sessions ${sessions}   decoding ${running}   waiting ${waiting} (${behind} of audio)   memory ${memory}`;
}

const isAlive = (state: string | undefined): boolean =>
  state !== undefined && state !== "stopped" && state !== "failed";

const load = ({ last_minute: minute, sessions }: ModelStats): number => minute.audio_seconds + sessions;

/** Of the last minute, but for state, sessions and memory. */
function rowOf(path: string, model: ModelStats, language: MessageLanguage): string[] {
  const { last_minute: minute, state, sessions, memory_bytes: memory } = model;
  return [
    path,
    state === undefined ? "" : stateText(state, language),
    String(sessions),
    String(minute.requests),
    String(minute.errors),
    formatDuration(minute.audio_seconds, language),
    minute.audio_seconds === 0 ? "" : minute.real_time_factor.toFixed(2),
    ...latencies(minute),
    memory === 0 ? "" : formatBytes(memory),
  ];
}

function latencies({ queue_seconds: queue, total_seconds: total }: StatsWindow): string[] {
  if (total.count === 0) return ["", "", ""];
  return [queue.p95, total.p50, total.p95].map(formatLatency);
}
