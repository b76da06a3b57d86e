import type { MessageLanguage } from "../base/errors.ts";
import { formatBytes, formatDuration } from "./format.ts";

/** How far some work is; amounts are bytes, or seconds of audio. */
export interface Progress {
  readonly label: string;
  readonly done: number;
  /** Where it is known. */
  readonly total?: number | undefined;
  readonly unit: "bytes" | "seconds";
  /** Amount a second. */
  readonly rate?: number | undefined;
}

const barWidth = 24;

/** `en/tiny [█████░░░░░]  42%  12.0 MB / 28.3 MB  3.1 MB/s  5 s left` */
export function progressText(progress: Progress, language: MessageLanguage): string {
  const { label, done, total, unit, rate } = progress;
  const amount = (value: number) => (unit === "bytes" ? formatBytes(value) : formatDuration(value, language));
  const parts = [label];
  if (total !== undefined && total > 0) {
    const share = Math.min(1, done / total);
    const filled = Math.round(share * barWidth);
    parts.push(`[${"█".repeat(filled)}${"░".repeat(barWidth - filled)}]`);
    parts.push(`${String(Math.floor(share * 100)).padStart(3)}%`, `${amount(done)} / ${amount(total)}`);
  } else {
    parts.push(amount(done));
  }
  if (rate !== undefined && rate > 0) {
    parts.push(unit === "bytes" ? `${formatBytes(rate)}/s` : `${rate.toFixed(1)}x`);
    if (total !== undefined && total > done) parts.push(timeLeft((total - done) / rate, language));
  }
  return parts.join("  ");
}

function timeLeft(seconds: number, language: MessageLanguage): string {
  const text = formatDuration(Math.max(1, seconds), language);
  return language === "zh" ? `剩余 ${text}` : `${text} left`;
}

/** Measures a rate over the last few seconds, so that it follows a network that changes. */
export class RateMeter {
  readonly #windowMs: number;
  readonly #samples: { readonly atMs: number; readonly amount: number }[] = [];

  constructor(windowMs = 5000) {
    this.#windowMs = windowMs;
  }

  /** Takes in how much is done by now; gives the amount a second, undefined while there is too little to tell. */
  update(amount: number, atMs: number): number | undefined {
    const last = this.#samples.at(-1);
    // Another file, or a download that began again.
    if (last !== undefined && amount < last.amount) this.#samples.length = 0;
    this.#samples.push({ atMs, amount });
    while (this.#samples.length > 2 && atMs - (this.#samples[1]?.atMs ?? atMs) >= this.#windowMs) this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || atMs - first.atMs < 200) return undefined;
    return ((amount - first.amount) * 1000) / (atMs - first.atMs);
  }
}
