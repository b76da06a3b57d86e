import type { Channels, Vad } from "@voxpool/client";
import { Option } from "commander";
import type { CliCommand } from "./command.ts";

/** Flags that say what of the sound is recognised. */
export interface SoundFlags {
  readonly channels?: Channels;
  readonly vad?: Vad;
}

const channelChoices = ["mix", "split", "first"] as const satisfies readonly Channels[];
const vadModes = ["on", "off", "trim"] as const satisfies readonly Vad[];

/** Gives a command the flags of `SoundFlags`. */
export function withSoundOptions(command: CliCommand): CliCommand {
  const channels = {
    en: "Of several channels: recognise their mean (mix), each by itself (split, for calls), or the first:",
    zh: "多声道录音：混合（mix）、逐声道识别（split，适合通话录音）、只用第一个（first）：",
  };
  const vad = {
    en: "Silence: leave out pauses (on), recognise everything (off), or take it off both ends only (trim):",
    zh: "静音处理：跳过停顿（on）、全部识别（off）、只去掉首尾静音（trim）：",
  };
  return command
    .addOption(choice("--channels <choice>", command.text(channels), channelChoices))
    .addOption(choice("--vad <mode>", command.text(vad), vadModes));
}

/** The options of a recognition that the flags mean. */
export function soundOptions({ channels, vad }: SoundFlags): SoundFlags {
  return { ...(channels !== undefined && { channels }), ...(vad !== undefined && { vad }) };
}

function choice(flag: string, text: string, values: readonly string[]): Option {
  return new Option(flag, `${text} ${values.join(", ")}`).choices(values);
}
