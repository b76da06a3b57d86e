import { nearest } from "../../base/setting-names.ts";
import type { CliCommand } from "../command.ts";
import { type CommandContext, UsageError } from "../context.ts";

/** `voxpool help [COMMAND]` */
export function registerHelp(program: CliCommand, context: CommandContext): void {
  program
    .command("help")
    .describe({ en: "Show the help of a command.", zh: "显示某个命令的帮助。" })
    .withArgument("[command...]", { en: "For example: config init.", zh: "例如：config init。" })
    .withExamples({
      command: "voxpool help transcribe",
      en: "As voxpool transcribe --help.",
      zh: "同 voxpool transcribe --help。",
    })
    .action((names: readonly string[]) => {
      let command = program;
      for (const name of names) command = find(command, name, context);
      command.help();
    });
}

/** @throws UsageError for one that is not there, with the nearest */
export function unknownCommand(
  parent: CliCommand,
  name: string,
  { language }: Pick<CommandContext, "language">,
): UsageError {
  const names = parent.commands.map((one) => one.name());
  const close = nearest(name, names);
  const zh = language === "zh";
  return new UsageError(
    zh
      ? `没有命令 "${name}"；最接近的是 ${close}。共有：${names.join("、")}`
      : `there is no command "${name}"; the nearest is ${close}. There are ${names.join(", ")}`,
  );
}

function find(parent: CliCommand, name: string, context: CommandContext): CliCommand {
  const found = parent.commands.find((one) => one.name() === name) as CliCommand | undefined;
  if (found !== undefined) return found;
  if (parent.commands.length > 0) throw unknownCommand(parent, name, context);
  return parent;
}
