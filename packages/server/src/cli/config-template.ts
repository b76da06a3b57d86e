import { describeValues } from "../base/config-value.ts";
import type { MessageLanguage } from "../base/errors.ts";
import type { Setting } from "../base/setting-kinds.ts";
import { environmentName, flagName, settingKeys } from "../base/setting-names.ts";
import { settings } from "../base/settings.ts";

const heads = {
  en: `# Settings of voxpool. Each stands at its default: remove the # before a line to change it.
# A variable of the environment wins over this file, a flag over both; voxpool config shows what holds.
# Relative paths are relative to the directory in which voxpool is started.`,
  zh: `# voxpool 的设置。每一项都是默认值：去掉行首的 # 即可修改。
# 环境变量优先于此文件，命令行选项优先于两者；voxpool config 显示生效的值。
# 相对路径相对于启动 voxpool 时所在的目录。`,
} as const;

/** A configuration file that changes nothing: every setting with its meaning and default, to be uncommented. */
export function configTemplate(language: MessageLanguage): string {
  return `${[heads[language], ...settingKeys.map((key) => entryOf(key, language))].join("\n\n")}\n`;
}

/** Dotted keys: a line can be uncommented alone, without the line of its group. */
function entryOf(key: (typeof settingKeys)[number], language: MessageLanguage): string {
  const setting: Setting<unknown> = settings[key];
  const takes = language === "zh" ? "取值：" : "Takes ";
  const end = language === "zh" ? "。" : ".";
  return [
    `# ${setting[language]}`,
    `# ${takes}${describeValues(setting, language)}${end} ${environmentName(key)}, --${flagName(key)}`,
    `# ${key}: ${JSON.stringify(setting.default)}`,
  ].join("\n");
}
