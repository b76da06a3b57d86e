import { type Command, Option } from "commander";
import type { Flags } from "../base/config.ts";
import type { MessageLanguage } from "../base/errors.ts";
import type { Setting } from "../base/setting-kinds.ts";
import { flagName } from "../base/setting-names.ts";
import { type SettingKey, settings } from "../base/settings.ts";
import type { CliCommand } from "./command.ts";

/** Gives a command a flag for each of the settings, and `--config`. Values are checked by `loadConfig`. */
export function withSettings(command: CliCommand, keys: readonly SettingKey[]): CliCommand {
  command.withOption("--config <file>", {
    en: "YAML file with settings; else VOXPOOL_CONFIG, else voxpool.yaml in this directory if it is there.",
    zh: "YAML 配置文件；否则用 VOXPOOL_CONFIG，再否则用当前目录的 voxpool.yaml（若存在）。",
  });
  const heading = "Settings:";
  for (const key of keys) {
    for (const option of optionsOf(key, settings[key], command.language)) command.addOption(option.helpGroup(heading));
  }
  return command;
}

/** The settings among the flags that were given, by their names; a value as it was written. */
export function settingFlags(command: Command, keys: readonly SettingKey[]): Flags {
  const given = keys.flatMap((key) => {
    const name = flagName(key);
    const attribute = new Option(`--${name}`).attributeName();
    return command.getOptionValueSource(attribute) === "cli"
      ? [[name, command.getOptionValue(attribute)] as const]
      : [];
  });
  return Object.fromEntries(given);
}

function optionsOf(key: SettingKey, setting: Setting<unknown>, language: MessageLanguage): Option[] {
  const name = flagName(key);
  const text = setting[language] + defaultText(setting, language);
  switch (setting.kind) {
    case "boolean":
      // Of the two only the one that changes something is shown.
      return [
        new Option(`--${name}`, text).hideHelp(setting.default === true),
        new Option(`--no-${name}`, text).hideHelp(setting.default !== true),
      ];
    case "list":
      return [
        new Option(`--${name} <value>`, `${text}${language === "zh" ? "可重复。" : " May be repeated."}`).argParser(
          (value: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), value],
        ),
      ];
    case "choice":
      return [new Option(`--${name} <${(setting.choices ?? []).join("|")}>`, text)];
    case "integer":
      return [new Option(`--${name} <n>`, text)];
    case "text":
      return [new Option(`--${name} <value>`, text)];
  }
}

/** An empty default explains itself in the text of the setting. */
function defaultText(setting: Setting<unknown>, language: MessageLanguage): string {
  const value = String(setting.default);
  if (value === "" || setting.kind === "boolean") return "";
  return language === "zh" ? `默认：${value}。` : ` Default: ${value}.`;
}
