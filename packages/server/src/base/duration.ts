import { VoxpoolError } from "./errors.ts";

const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * A duration as people write it: a number of seconds, or text like `90`, `10m`, `1h30m`. Negative: for ever (infinite).
 * @returns seconds
 * @throws VoxpoolError `option_invalid`
 */
export function parseDuration(value: number | string, option: string): number {
  const seconds = typeof value === "number" ? value : inText(value.trim());
  if (seconds === undefined || Number.isNaN(seconds)) {
    throw new VoxpoolError("option_invalid", {
      option,
      detail: "send seconds, or text like 10m or 1h30m; -1 is for ever",
    });
  }
  return seconds < 0 ? Number.POSITIVE_INFINITY : seconds;
}

function inText(text: string): number | undefined {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (!/^-?(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g);
  let seconds = 0;
  for (const [, amount, unit] of parts) seconds += Number(amount) * (unitSeconds[unit ?? ""] ?? 0);
  return text.startsWith("-") ? -seconds : seconds;
}
