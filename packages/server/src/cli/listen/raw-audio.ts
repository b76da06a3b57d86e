import { addAbortSignal, type Readable } from "node:stream";
import type { LiveEncoding, LiveOptions } from "@voxpool/client";
import { Option } from "commander";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { UsageError } from "../context.ts";
import { wholeNumber } from "../raw-options.ts";

/** Flags that say that standard input is audio, and what it is. */
export interface RawAudioFlags {
  readonly raw?: LiveEncoding | true;
  readonly rate?: string;
  readonly rawChannels?: string;
}

const encodings = ["s16le", "f32le", "mulaw", "alaw", "ogg_opus", "webm_opus"] as const satisfies LiveEncoding[];

/** Gives a command the flags of `RawAudioFlags`. */
export function withRawAudioOptions(command: CliCommand): CliCommand {
  const raw = {
    en: `Take the audio from standard input instead of a microphone: samples without a header (s16le if nothing is said), or Opus. Formats: ${encodings.join(", ")}.`,
    zh: `从标准输入读取音频，不使用麦克风：没有文件头的采样（默认 s16le）或 Opus。格式：${encodings.join("、")}。`,
  };
  return command
    .addOption(new Option("--raw [format]", command.text(raw)).choices(encodings))
    .withOption("--rate <hz>", {
      en: "With --raw: samples a second. Default: 16000.",
      zh: "与 --raw 合用：采样率（Hz）。默认：16000。",
    })
    .withOption("--raw-channels <n>", {
      en: "With --raw: how many channels there are. Default: 1.",
      zh: "与 --raw 合用：声道数。默认：1。",
    });
}

/** The options of a session that the flags mean. @throws UsageError for flags that do not go together */
export function rawAudioOptions(flags: RawAudioFlags, context: CommandContext): LiveOptions {
  const { raw, rate, rawChannels } = flags;
  if (raw === undefined && (rate !== undefined || rawChannels !== undefined)) {
    throw new UsageError(
      context.language === "zh"
        ? "--rate 和 --raw-channels 只能与 --raw 合用"
        : "--rate and --raw-channels go with --raw only",
    );
  }
  if (raw !== undefined && context.stdin.isTTY) {
    throw new UsageError(
      context.language === "zh"
        ? "标准输入是终端；请用管道传入音频"
        : "standard input is a terminal; pipe audio into it",
    );
  }
  return {
    ...(raw !== undefined && raw !== true && { encoding: raw }),
    ...(rate !== undefined && { sample_rate: wholeNumber("--rate", rate, 4000, 192_000, context) }),
    ...(rawChannels !== undefined && { channels: wholeNumber("--raw-channels", rawChannels, 1, 8, context) }),
  };
}

/** What standard input gives, until the signal is aborted. @throws what the stream does */
export async function* readUntil(stdin: Readable, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const piece of addAbortSignal(signal, stdin)) yield piece as Uint8Array;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
