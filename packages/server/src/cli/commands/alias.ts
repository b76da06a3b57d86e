import type { AliasList } from "@voxpool/client";
import { changeModel } from "../change-model.ts";
import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportFailure } from "../failures.ts";
import { print, printJson, printText, say } from "../output.ts";
import { renderTable } from "../table.ts";

interface AliasFlags extends ClientFlags {
  readonly remove?: boolean;
}

/** `voxpool alias [NAME [MODEL]]`, `voxpool alias --remove NAME` */
export function registerAlias(program: CliCommand, context: CommandContext): void {
  program
    .command("alias")
    .describe({
      en: "List the aliases, show one, point one to a model, or remove one. switch moves one with a check.",
      zh: "列出、查看、设置或删除别名。要在检验后移动别名，请用 switch。",
    })
    .withArgument("[name]", { en: "The alias. Without it: all of them.", zh: "别名。省略则列出全部。" })
    .withArgument("[model]", {
      en: "What it stands for from now on: a model or a version (cn@2).",
      zh: "今后指向的模型或版本（cn@2）。",
    })
    .withOption("--remove", { en: "Remove it.", zh: "删除该别名。" })
    .withClientOptions()
    .withExamples(
      { command: "voxpool alias", en: "A table of all.", zh: "所有别名的表格。" },
      {
        command: "voxpool alias dictation cn@2",
        en: "From now on dictation is version 2 of cn.",
        zh: "今后 dictation 即 cn 的版本 2。",
      },
      { command: "voxpool alias --remove dictation", en: "Removes it.", zh: "删除它。" },
    )
    .action(async (name: string | undefined, model: string | undefined, flags: AliasFlags) => {
      context.exitCode = await alias(name, model, flags, context);
    });
}

async function alias(
  name: string | undefined,
  model: string | undefined,
  flags: AliasFlags,
  context: CommandContext,
): Promise<number> {
  const zh = context.language === "zh";
  if (!flags.remove) return name === undefined || model === undefined ? show(name, flags, context) : set(name, model);
  if (name === undefined) throw new UsageError(zh ? "--remove 需要一个别名" : "--remove needs the name of an alias");
  if (model !== undefined) {
    throw new UsageError(zh ? "--remove 不需要模型" : "--remove takes the alias alone, without a model");
  }
  return set(name, null);

  function set(one: string, target: string | null): Promise<number> {
    return changeModel(one, flags, context, (client) => client.setAlias(one, target));
  }
}

async function show(name: string | undefined, flags: AliasFlags, context: CommandContext): Promise<number> {
  const answer = await createClient(flags, context).aliases();
  if (!answer.success) return reportFailure(answer, context, flags);
  if (name !== undefined && !Object.hasOwn(answer.aliases, name)) return missing(name, flags, context);
  if (flags.json) printJson(context, answer);
  else if (name === undefined) printText(context, tableOf(answer, context));
  else print(context, `${answer.aliases[name]}\n`);
  return exitCodes.ok.code;
}

function missing(name: string, flags: AliasFlags, context: CommandContext): number {
  const message = context.language === "zh" ? `没有别名 ${name}` : `there is no alias ${name}`;
  if (flags.json) printJson(context, { success: false, message, reason: "alias_not_found", retryable: false });
  say(context, message);
  return exitCodes.failed.code;
}

function tableOf({ aliases }: AliasList, { language }: CommandContext): string {
  const zh = language === "zh";
  const rows = Object.entries(aliases);
  if (rows.length === 0)
    return zh
      ? "没有别名。设置一个：voxpool alias dictation cn\n"
      : "No aliases. Make one: voxpool alias dictation cn\n";
  const titles = zh ? ["别名", "模型"] : ["ALIAS", "MODEL"];
  return renderTable(
    titles.map((title) => ({ title })),
    rows,
  );
}
