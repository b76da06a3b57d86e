import type { MessageLanguage } from "../base/errors.ts";
import { formatBytes, formatDuration } from "./format.ts";
import { shortenStart, widthOf } from "./width.ts";

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
const shortBarWidth = 10;

/**
 * `en/tiny [█████░░░░░]  42%  12.0 MB / 28.3 MB  3.1 MB/s  5 s left`; on a narrow terminal with a shorter bar, then
 * without it, then without the rate, then with the end of the label only.
 */
export function progressText(progress: Progress, language: MessageLanguage, columns = Infinity): string {
  const { label, done, total, unit, rate } = progress;
  const amount = (value: number) => (unit === "bytes" ? formatBytes(value) : formatDuration(value, language));
  const rates: string[] = [];
  if (rate !== undefined && rate > 0) {
    rates.push(unit === "bytes" ? `${formatBytes(rate)}/s` : `${rate.toFixed(1)}x`);
    if (total !== undefined && total > done) rates.push(timeLeft((total - done) / rate, language));
  }
  if (total === undefined || total <= 0) return fitting(label, [[amount(done), ...rates], [amount(done)]], columns);
  const share = Math.min(1, done / total);
  const percent = `${String(Math.floor(share * 100)).padStart(3)}%`;
  const amounts = `${amount(done)} / ${amount(total)}`;
  const choices = [
    [bar(share), percent, amounts, ...rates],
    [bar(share, shortBarWidth), percent, amounts, ...rates],
    [percent, amounts, ...rates],
    [percent, amounts],
    [percent],
  ];
  return fitting(label, choices, columns);
}

/** `[█████░░░░░]` for a share from 0 to 1. */
export function bar(share: number, width = barWidth): string {
  const filled = Math.round(Math.min(1, share) * width);
  return `[${"█".repeat(filled)}${"░".repeat(width - filled)}]`;
}

/** The label and the first of the choices that finds room beside it; the last one whatever becomes of the label. */
export function fitting(label: string, choices: readonly (readonly string[])[], columns: number): string {
  const texts = choices.map((parts) => parts.map((part) => `  ${part}`).join(""));
  const text = texts.find((one) => widthOf(label + one) <= columns) ?? texts.at(-1) ?? "";
  return shortenStart(label, Math.max(1, columns - widthOf(text))) + text;
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
