import type { MessageLanguage } from "../base/errors.ts";

const byteUnits = ["B", "kB", "MB", "GB", "TB"] as const;

/** `28.3 MB`; decimal units, as downloads are measured everywhere. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${byteUnits[unit]}`;
}

/** `7 s`, `3 min 05 s`, `1 h 02 min`. */
export function formatDuration(seconds: number, language: MessageLanguage): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [h, min, s] = language === "zh" ? ["小时", "分", "秒"] : ["h", "min", "s"];
  if (hours > 0) return `${hours} ${h} ${two(minutes)} ${min}`;
  return minutes > 0 ? `${minutes} ${min} ${two(rest)} ${s}` : `${rest} ${s}`;
}

/** `8 ms`, `1.25 s`, `130 s`. */
export function formatLatency(seconds: number): string {
  if (seconds < 0.9995) return `${(seconds * 1000).toFixed(seconds < 0.00995 ? 1 : 0)} ms`;
  return `${seconds.toFixed(seconds < 99.5 ? 2 : 0)} s`;
}

/** `2026-11-24 05:37:12` in the local time zone, from Unix seconds. */
export function formatTime(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  if (Number.isNaN(date.getTime())) return "?";
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** A file's name for messages: one line, with the characters that could drive a terminal written out (`\n`, `\x1b`). */
export function shownName(name: string): string {
  return name.replaceAll(hidden, (one) => {
    const code = one.codePointAt(0) ?? 0;
    const short = { 9: "\\t", 10: "\\n", 13: "\\r" }[code];
    const hex = code.toString(16);
    return short ?? (code < 256 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`);
  });
}

/** Control characters, line ends too, and those that turn the direction of a text. */
const hidden = /[\p{Cc}\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

/**
 * Without control characters, which a hostile name, message or transcript could use to drive the reader's terminal.
 * Line ends and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]|[\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, "");
}
