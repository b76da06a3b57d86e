import type { CallFailure, GateResult, SwitchAnswer, SwitchOptions } from "@voxpool/client";
import type { MessageLanguage } from "../../base/errors.ts";
import { withActivity } from "../activity.ts";
import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportFailure } from "../failures.ts";
import { formatTime } from "../format.ts";
import { gateTable } from "../gate-table.ts";
import { print, printJson } from "../output.ts";

interface SwitchFlags extends ClientFlags {
  readonly to?: string;
  readonly gate: boolean;
  readonly probationRequests?: string;
  readonly probationSeconds?: string;
}

/** `voxpool switch MODEL [VERSION]`, `voxpool switch ALIAS --to MODEL` */
export function registerSwitch(program: CliCommand, context: CommandContext): void {
  program
    .command("switch")
    .describe({
      en: "Switch a model to another version, or an alias to another model, under traffic: the new one is loaded, warmed up and checked before it serves, and watched afterwards.",
      zh: "在不中断服务的情况下切换模型版本，或把别名移到另一个模型：新的先加载、预热并通过检验，然后接管，之后进入观察期。",
    })
    .withArgument("<name>", { en: "A model (cn) or an alias.", zh: "模型（cn）或别名。" })
    .withArgument("[version]", {
      en: "Version of a model. Default: the newest.",
      zh: "模型的版本。默认：最新版本。",
    })
    .withOption("--to <model>", {
      en: "Where an alias is moved to: a model or a version (cn@2).",
      zh: "别名的新目标：模型或版本（cn@2）。",
    })
    .withOption("--no-gate", { en: "Leave out the golden recordings.", zh: "跳过样本录音检验。" })
    .withOption("--probation-requests <n>", {
      en: "End the probation after so many requests.",
      zh: "处理这么多请求后结束观察期。",
    })
    .withOption("--probation-seconds <n>", {
      en: "End the probation after so long. 0 for both: no probation.",
      zh: "经过这么多秒后结束观察期。两者均为 0：没有观察期。",
    })
    .withClientOptions()
    .withExamples(
      {
        command: "voxpool switch cn",
        en: "To the newest version; shows how it did on the golden recordings.",
        zh: "切换到最新版本，并显示样本录音的检验结果。",
      },
      { command: "voxpool switch cn 1", en: "Back to version 1.", zh: "切回版本 1。" },
      {
        command: "voxpool switch dictation --to cn@2",
        en: "Moves an alias.",
        zh: "移动别名。",
      },
    )
    .action(async (name: string, version: string | undefined, flags: SwitchFlags) => {
      context.exitCode = await switchTo(name, version, flags, context);
    });
}

async function switchTo(
  name: string,
  version: string | undefined,
  flags: SwitchFlags,
  context: CommandContext,
): Promise<number> {
  const zh = context.language === "zh";
  if (version !== undefined && flags.to !== undefined) {
    throw new UsageError(
      zh ? "版本与 --to 只能选一个：--to 用于别名" : "give a version or --to, not both: --to is for an alias",
    );
  }
  const client = createClient(flags, context);
  const options = optionsOf(version, flags, context);
  const label = zh ? `正在切换 ${name}` : `switching ${name}`;
  const answer = await withActivity(label, context, () => client.switchModel(name, options));
  if (!answer.success) {
    const gate = gateOf(answer);
    if (!flags.json && gate.length > 0) print(context, gateTable(gate, context.language));
    return reportFailure(answer, context, flags);
  }
  if (flags.json) printJson(context, answer);
  else print(context, textOf(answer, context.language));
  return exitCodes.ok.code;
}

function optionsOf(version: string | undefined, flags: SwitchFlags, context: CommandContext): SwitchOptions {
  const { to, gate } = flags;
  const requests = numberOf(flags.probationRequests, "--probation-requests", context);
  const seconds = numberOf(flags.probationSeconds, "--probation-seconds", context);
  const probation = { ...(requests !== undefined && { requests }), ...(seconds !== undefined && { seconds }) };
  return {
    ...(version !== undefined && { version }),
    ...(to !== undefined && { to }),
    ...(!gate && { gate }),
    ...(Object.keys(probation).length > 0 && { probation }),
  };
}

/** @throws UsageError if it is no whole number */
function numberOf(text: string | undefined, flag: string, { language }: CommandContext): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(
    language === "zh" ? `${flag} 应为整数，而不是 "${text}"` : `${flag} takes a whole number, not "${text}"`,
  );
}

/** A refusal says how the recordings went, too. */
function gateOf(failure: CallFailure): readonly GateResult[] {
  const { gate } = (failure.details ?? {}) as { readonly gate?: unknown };
  return Array.isArray(gate) ? (gate as GateResult[]) : [];
}

function textOf({ message, gate, probation }: SwitchAnswer, language: MessageLanguage): string {
  const zh = language === "zh";
  const parts = [`${message}\n`];
  if (gate.length > 0) parts.push(gateTable(gate, language));
  if (probation !== null) {
    const { from, limit_requests: requests, until } = probation;
    const ends = [
      ...(requests === null ? [] : [zh ? `${requests} 个请求后` : `after ${requests} requests`]),
      ...(until === null ? [] : [zh ? `至 ${formatTime(until)}` : `at ${formatTime(until)}`]),
    ].join(zh ? "或" : " or ");
    const english = `${from} is kept warm until the probation ends${ends && `, ${ends}`}.\n`;
    parts.push(zh ? `${from} 保持预热，直到观察期结束${ends && `（${ends}）`}。\n` : english);
  }
  return parts.join("");
}
