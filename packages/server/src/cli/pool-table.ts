import type { ModelEntry, ModelList } from "@voxpool/client";
import type { MessageLanguage } from "../base/errors.ts";
import { formatBytes, formatDuration, shownName } from "./format.ts";
import { stateText } from "./states.ts";
import { renderTable } from "./table.ts";

const titles = {
  en: ["MODEL", "VERSION", "STATE", "HELD BY", "SESSIONS", "MEMORY", "RESTARTS", "EXPIRES IN", "PID"],
  zh: ["模型", "版本", "状态", "持有者", "会话", "内存", "重启", "剩余时间", "进程"],
} as const;
const numbers: ReadonlySet<number> = new Set([4, 5, 6, 8]);

/** The loaded models as a table: what keeps each, and for how long. @param nowSeconds Unix time */
export function poolTable({ models }: ModelList, language: MessageLanguage, nowSeconds = Date.now() / 1000): string {
  const rows = Object.entries(models).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (rows.length === 0) {
    return language === "zh" ? "没有已加载的模型。\n" : "No model is loaded.\n";
  }
  return renderTable(
    titles[language].map((title, index) => ({ title, isNumber: numbers.has(index) })),
    rows.map(([path, entry]) => rowOf(path, entry, language, nowSeconds)),
  );
}

/** A server of the older kind says little: what it does not say stays empty. */
function rowOf(path: string, entry: Partial<ModelEntry>, language: MessageLanguage, nowSeconds: number): string[] {
  const zh = language === "zh";
  const state = stateText(entry.state ?? "ready", language);
  const probation = zh ? `${state}（观察期）` : `${state}, probation`;
  return [
    path,
    entry.version ?? "",
    entry.probation === undefined ? state : probation,
    shownHolds(entry.holds),
    String(entry.sessions ?? ""),
    entry.memory_bytes === undefined ? "" : formatBytes(entry.memory_bytes),
    String(entry.restarts ?? ""),
    expiry(entry, language, nowSeconds),
    String(entry.pid ?? ""),
  ];
}

/** When it goes, or what keeps it. */
function expiry(entry: Partial<ModelEntry>, language: MessageLanguage, nowSeconds: number): string {
  const zh = language === "zh";
  const { expires_at: at, pinned = false, holds = [], sessions = 0 } = entry;
  if (at === undefined) return "";
  if (at !== null) return formatDuration(at - nowSeconds, language);
  if (pinned) return zh ? "已固定" : "pinned";
  if (holds.length > 0) return heldUntil(holds, language, nowSeconds);
  if (sessions > 0) return zh ? "使用中" : "in use";
  return zh ? "不卸载" : "never";
}

/** Held by leases alone, it is held for so long unless they are renewed. */
function heldUntil(holds: ModelEntry["holds"], language: MessageLanguage, nowSeconds: number): string {
  const zh = language === "zh";
  const ends = holds.map(({ until }) => until ?? Infinity);
  const last = Math.max(...ends);
  if (last === Infinity) return zh ? "被持有" : "held";
  const left = formatDuration(last - nowSeconds, language);
  return zh ? `被持有 ${left}` : `held ${left}`;
}

/** Most holders that are named; the others are counted. */
const mostNamed = 3;

function shownHolds(holds: ModelEntry["holds"] | undefined): string {
  if (holds === undefined || holds.length === 0) return holds === undefined ? "" : "0";
  const names = holds.slice(0, mostNamed).map(({ client, count }) => (count > 1 ? `${client} x${count}` : client));
  const others = holds.length - names.length;
  return shownName(names.join(", ") + (others > 0 ? ` +${others}` : ""));
}
