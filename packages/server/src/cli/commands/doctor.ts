import type { Command } from "commander";
import type { MessageLanguage } from "../../base/errors.ts";
import { stateDirectory } from "../../base/paths.ts";
import { settingKeys } from "../../base/setting-names.ts";
import { endpointSettings } from "../../catalog/endpoints.ts";
import type { Examined, Finding, Place } from "../../doctor/doctor.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { exitCodeOf, reportError } from "../failures.ts";
import { print, printJson, roomOf } from "../output.ts";
import { createPullProgress } from "../pull-progress.ts";
import { settingFlags, withSettings } from "../settings-options.ts";
import { createStatusLine } from "../status-line.ts";
import { typable } from "../typable.ts";
import { widthOf, wrap } from "../width.ts";

interface DoctorFlags {
  readonly config?: string;
  readonly json?: boolean;
  readonly fetch?: boolean;
}

/** `voxpool doctor` */
export function registerDoctor(program: CliCommand, context: CommandContext): void {
  const command = program.command("doctor");
  command
    .describe({
      en: "Examine this machine: loads the engines, decodes a recording, looks at port, disk and memory, and says what to do. It takes the flags that serve takes.",
      zh: "检查本机：加载引擎，解码一段录音，查看端口、磁盘与内存，并给出处理办法。可用 serve 的所有选项。",
    })
    .withOption("--fetch", {
      en: "First fetch what the default model needs. Without it nothing is fetched.",
      zh: "先下载默认模型所需的内容。不加则不下载任何内容。",
    })
    .withOption("--json", { en: "Print one JSON document.", zh: "输出一个 JSON 文档。" })
    .withExamples(
      {
        command: "voxpool doctor",
        en: "Exit code 1 if there is a problem; notes are none.",
        zh: "有问题时退出码为 1；提示不算问题。",
      },
      {
        command: "voxpool doctor --json | jq -r '.findings[] | select(.level == \"problem\").text'",
        en: "The problems, for a script.",
        zh: "供脚本使用：仅列出问题。",
      },
    )
    .action(async (flags: DoctorFlags, self: Command) => {
      context.exitCode = await doctor(flags, self, context);
    });
  withSettings(command, settingKeys);
}

async function doctor(flags: DoctorFlags, self: Command, context: CommandContext): Promise<number> {
  const { env, language, signal } = context;
  const line = createStatusLine(context);
  try {
    const { loadConfig } = await import("../../base/config.ts");
    const loaded = loadConfig({ file: flags.config, env, flags: settingFlags(self, settingKeys), language });
    const { config, file: configFile } = loaded;
    const place: Place = { config, configFile, stateDir: await stateDirectory(config), env, language };
    if (flags.fetch) await fetchAll(place, context);
    const { examine, probes } = await import("../../doctor/doctor.ts");
    const waiting = [...probes];
    const showNext = () =>
      line.show(language === "zh" ? `正在检查：${waiting[0]?.title.zh}` : `looking at: ${waiting[0]?.title.en}`);
    showNext();
    const all: Examined[] = [];
    for await (const examined of examine(place, signal)) {
      all.push(examined);
      waiting.shift();
      line.clear();
      if (signal.aborted) return exitCodeOf({ reason: "request_cancelled" }, context);
      if (!flags.json) print(context, textOf(examined, context));
      if (waiting.length > 0) showNext();
    }
    return conclude(all, flags.json === true, context);
  } catch (error) {
    return reportError(error, context, flags.json);
  } finally {
    line.clear();
  }
}

async function fetchAll(place: Place, context: CommandContext): Promise<void> {
  const { config, stateDir } = place;
  const { pull } = await import("../../catalog/pull.ts");
  const { fetchNeeded } = await import("../../doctor/needed.ts");
  const line = createStatusLine(context);
  const text = createPullProgress(context.language);
  const options = {
    modelDir: config.model_dir[0] ?? "model",
    stateDir,
    ...endpointSettings(config),
    onProgress: (event: Parameters<typeof text>[0]) => line.show(text(event)),
    signal: context.signal,
  };
  try {
    await fetchNeeded(place, async (name) => void (await pull(name, options)));
  } finally {
    line.clear();
  }
}

const marks: Readonly<Record<Finding["level"], Readonly<Record<MessageLanguage, string>>>> = {
  ok: { en: "ok", zh: "正常" },
  note: { en: "note", zh: "提示" },
  problem: { en: "PROBLEM", zh: "问题" },
};
const markColumns = 9;

/** A line for each finding under its mark; what to do stands below it. */
function textOf({ probe, findings }: Examined, context: CommandContext): string {
  const { language, command } = context;
  const room = Math.max(20, roomOf(context) - markColumns);
  const indent = " ".repeat(markColumns);
  const paragraphs = findings.flatMap(({ level, text, advice }) => {
    const mark = marks[level][language];
    const colon = language === "zh" ? "：" : ": ";
    const [first = "", ...more] = wrap(typable(oneLine(probe.title[language] + colon + text[language]), command), room);
    const rest = advice === undefined ? [] : wrap(typable(`-> ${oneLine(advice[language])}`, command), room);
    return [mark + " ".repeat(markColumns - widthOf(mark)) + first, ...[...more, ...rest].map((line) => indent + line)];
  });
  return paragraphs.map((line) => `${line}\n`).join("");
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

function conclude(all: readonly Examined[], json: boolean, context: CommandContext): number {
  const { language } = context;
  const findings = all.flatMap(({ probe, findings: some }) =>
    some.map(({ level, text, advice }) => ({
      name: probe.name,
      level,
      text: text[language],
      ...(advice && { advice: advice[language] }),
    })),
  );
  const problems = findings.filter(({ level }) => level === "problem").length;
  if (json) printJson(context, { success: problems === 0, findings });
  else if (problems === 0) print(context, language === "zh" ? "\n没有发现问题。\n" : "\nNo problem was found.\n");
  else print(context, language === "zh" ? `\n发现 ${problems} 个问题。\n` : `\nProblems: ${problems}.\n`);
  return problems === 0 ? exitCodes.ok.code : exitCodes.failed.code;
}
