import { Option } from "commander";
import type { CliCommand } from "./command.ts";
import { type CommandContext, UsageError } from "./context.ts";

/** Flags that say how samples without a header are to be read. */
export interface RawFlags {
  readonly raw?: RawFormat;
  readonly rate?: string;
  readonly rawChannels?: string;
}

/** The content type of each, as the server takes it. */
const contentTypes = { s16le: "audio/pcm", s16be: "audio/l16" } as const;

type RawFormat = keyof typeof contentTypes;

const usual = { rate: 16_000, channels: 1 };
const most = { rate: 768_000, channels: 64 };
const leastRate = 1000;

/** Gives a command the flags of `RawFlags`. */
export function withRawOptions(command: CliCommand): CliCommand {
  const raw = {
    en: "The recordings are samples without a header (raw PCM) of 16 bits, little-endian (s16le) or big-endian (s16be). In folders files called .raw and .pcm are taken.",
    zh: "录音是没有文件头的原始 PCM：16 位，小端（s16le）或大端（s16be）。在文件夹中只处理 .raw 和 .pcm 文件。",
  };
  return command
    .addOption(new Option("--raw <format>", command.text(raw)).choices(Object.keys(contentTypes)))
    .withOption("--rate <hz>", {
      en: `With --raw: samples a second. Default: ${usual.rate}.`,
      zh: `与 --raw 合用：采样率（Hz）。默认：${usual.rate}。`,
    })
    .withOption("--raw-channels <n>", {
      en: `With --raw: how many channels there are. Default: ${usual.channels}.`,
      zh: `与 --raw 合用：声道数。默认：${usual.channels}。`,
    });
}

/**
 * The content type that the flags mean; undefined for recordings that say themselves what they are.
 * @throws UsageError for flags that do not go together, or are no such numbers
 */
export function rawContentType(
  { raw, rate, rawChannels }: RawFlags,
  context: Pick<CommandContext, "language">,
): string | undefined {
  if (raw === undefined) {
    if (rate === undefined && rawChannels === undefined) return undefined;
    throw new UsageError(
      context.language === "zh"
        ? "--rate 和 --raw-channels 只能与 --raw 合用（--raw s16le）"
        : "--rate and --raw-channels go with --raw only (--raw s16le)",
    );
  }
  const hertz = wholeNumber("--rate", rate ?? String(usual.rate), leastRate, most.rate, context);
  const channels = wholeNumber("--raw-channels", rawChannels ?? String(usual.channels), 1, most.channels, context);
  return `${contentTypes[raw]};rate=${hertz};channels=${channels}`;
}

/** @throws UsageError if the value of a flag is none in the range */
export function wholeNumber(
  flag: string,
  text: string,
  least: number,
  greatest: number,
  { language }: Pick<CommandContext, "language">,
): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= greatest) return value;
  throw new UsageError(
    language === "zh"
      ? `${flag} 应为 ${least} 到 ${greatest} 的整数`
      : `${flag} takes a whole number from ${least} to ${greatest}`,
  );
}
