import type { Option } from "commander";
import type { MessageLanguage } from "../../packages/server/dist/base/errors.js";
import { flagName, settingKeys } from "../../packages/server/dist/base/setting-names.js";
import type { CliCommand } from "../../packages/server/dist/cli/command.js";
import { buildProgram } from "../../packages/server/dist/cli/program.js";
import { markdownTable } from "./markdown.ts";

const settingFlags: ReadonlySet<string> = new Set(settingKeys.map((key) => `--${flagName(key)}`));

/** A section for each command, out of the definitions that the command line itself runs on. */
export function commandsBlock(language: MessageLanguage): string {
  const program = buildProgram({
    env: {},
    language,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: new AbortController().signal,
    exitCode: 0,
    command: "voxpool",
    survivesClosedOutput: false,
  });
  return program.commands
    .flatMap((command) => [command, ...command.commands])
    .map((command) => section(command as CliCommand, language))
    .join("\n\n");
}

function section(command: CliCommand, language: MessageLanguage): string {
  const zh = language === "zh";
  const help = command.createHelp();
  const terms: (readonly [string, string])[] = [
    ...command.registeredArguments.map((argument) => [`\`${argument.name()}\``, argument.description] as const),
    ...command.options
      .filter((option) => !isListedElsewhere(command, option))
      .map((option) => [`\`${option.flags}\``, option.description] as const),
  ];
  const settingsNote = zh
    ? "[配置](configuration.zh-CN.md)中的每个设置也是一个选项，如 `--port 5001`。"
    : "Every setting of the [configuration](configuration.md) is a flag, too, such as `--port 5001`.";
  const examples = command.examples.map((example) => `# ${example[language]}\n${example.command}`).join("\n\n");
  return [
    `### ${help.commandUsage(command)}`,
    command.description(),
    ...(terms.length === 0 ? [] : [markdownTable(zh ? ["参数", "说明"] : ["argument", "meaning"], terms)]),
    ...(takesAllSettings(command) ? [settingsNote] : []),
    `\`\`\`sh\n${examples}\n\`\`\``,
  ].join("\n\n");
}

/** The page of the configuration lists the flags of settings; they are left out where all of them are taken. */
function isListedElsewhere(command: CliCommand, option: Option): boolean {
  return option.hidden || (takesAllSettings(command) && settingFlags.has(option.long ?? ""));
}

function takesAllSettings(command: CliCommand): boolean {
  const taken = new Set(command.options.map((option) => option.long));
  return [...settingFlags].every((flag) => taken.has(flag));
}
