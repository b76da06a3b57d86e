import type { MessageLanguage } from "../base/errors.ts";

/** What commander says of a command line that is wrong, in Chinese. */
const translations: readonly (readonly [pattern: RegExp, zh: string])[] = [
  [/^unknown option '(.+)'/, "未知选项 '$1'"],
  [/^unknown command '(.+)'/, "未知命令 '$1'"],
  [/^missing required argument '(.+)'/, "缺少参数 '$1'"],
  [/^option '(.+)' argument missing/, "选项 '$1' 缺少值"],
  [/^option '(.+)' argument '(.*)' is invalid\. Allowed choices are (.+)\.$/m, "选项 '$1' 的值 '$2' 无效，可选：$3"],
  [
    /^too many arguments for '(.+)'\. Expected (\d+) arguments? but got (\d+).*\./,
    "'$1' 的参数过多：应为 $2 个，实为 $3 个",
  ],
  [/\(Did you mean one of (.+)\?\)/, "（是否想用其中之一：$1？）"],
  [/\(Did you mean (.+)\?\)/, "（是否想用 $1？）"],
];

/** A message of commander without its prefix, in the language of the user; one that is not known stays English. */
export function commanderMessage(message: string, language: MessageLanguage): string {
  const text = message.replace(/^error: /, "").trimEnd();
  if (language === "en") return text;
  return translations.reduce((result, [pattern, zh]) => result.replace(pattern, zh), text);
}
