import { Option } from "commander";
import type { CliCommand } from "./command.ts";

/** Flags that say what is done with the text. */
export interface TextFlags {
  readonly script?: "hans" | "hant";
  readonly punctuate?: boolean;
  readonly itn?: boolean;
}

/** Gives a command the flags of `TextFlags`; those that are not given leave it to the server. */
export function withTextOptions(command: CliCommand): CliCommand {
  const script = {
    en: "Write Chinese in simplified (hans) or traditional (hant) characters.",
    zh: "中文字形：简体（hans）或繁体（hant）。",
  };
  const punctuate = { en: "Refuse if the text cannot be punctuated.", zh: "必须有标点，否则报错。" };
  const plain = { en: "Add no punctuation.", zh: "不添加标点。" };
  const figures = {
    en: "Write numbers in figures, where the model can do both.",
    zh: "数字写成阿拉伯数字（模型支持时）。",
  };
  const words = { en: "Write numbers in words.", zh: "数字写成文字。" };
  return command
    .addOption(new Option("--script <script>", command.text(script)).choices(["hans", "hant"]))
    .withOption("--punctuate", punctuate)
    .withOption("--no-punctuate", plain)
    .withOption("--itn", figures)
    .withOption("--no-itn", words);
}

/** The options of a recognition that the flags mean. */
export function textOptions({ script, punctuate, itn }: TextFlags): TextFlags {
  return {
    ...(script !== undefined && { script }),
    ...(punctuate !== undefined && { punctuate }),
    ...(itn !== undefined && { itn }),
  };
}
