import type { ResponseFormat } from "@voxpool/client";
import { type CommandContext, UsageError } from "../context.ts";

/** What can be asked for by `--format`, and how the file of each ends. */
const extensions = {
  text: "txt",
  json: "json",
  verbose_json: "json",
  srt: "srt",
  vtt: "vtt",
  tsv: "tsv",
  lrc: "lrc",
} as const satisfies Partial<Record<ResponseFormat, string>>;

export type Format = keyof typeof extensions;
export type SubtitleFormat = Exclude<Format, "text" | "json" | "verbose_json">;

export const formatNames = Object.keys(extensions) as Format[];

/** The end of the name of a file in this format, without its dot. */
export function extensionOf(format: Format): string {
  return extensions[format];
}

/** Whether a recording in this format is a file of subtitles. */
export function isSubtitleFormat(format: Format): format is SubtitleFormat {
  return format !== "text" && !isJsonFormat(format);
}

/** Whether a recording in this format is a JSON document. */
export function isJsonFormat(format: Format): boolean {
  return extensions[format] === "json";
}

/**
 * The formats of `--format srt,txt`. `txt` is another name of `text`.
 * @throws UsageError for one that is not known, and for two that would be one file
 */
export function parseFormats(list: string, { language }: Pick<CommandContext, "language">): readonly Format[] {
  const zh = language === "zh";
  const formats = [...new Set(list.split(",").map((name) => name.trim()))].map((name) => {
    const format = name === "txt" ? "text" : formatNames.find((one) => one === name);
    if (format !== undefined) return format;
    const known = formatNames.join(", ");
    throw new UsageError(zh ? `--format：没有 "${name}"；可选：${known}` : `--format: no "${name}"; it takes ${known}`);
  });
  if (formats.includes("json") && formats.includes("verbose_json")) {
    throw new UsageError(zh ? "json 与 verbose_json 只能选一个" : "give json or verbose_json, not both");
  }
  return [...new Set(formats)];
}
