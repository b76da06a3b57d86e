import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { stateDirectory } from "../../base/paths.ts";
import { inChinese } from "../../base/phrases.ts";
import { stateOwner } from "../../base/state-lock.ts";
import { systemText } from "../../base/system-text.ts";
import { withActivity } from "../activity.ts";
import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportError, reportFailure } from "../failures.ts";
import { formatBytes } from "../format.ts";
import { print, printJson } from "../output.ts";
import { settingFlags, withSettings } from "../settings-options.ts";

const restoreSettings = ["state_dir"] as const;

interface RestoreFlags {
  readonly config?: string;
  readonly json?: boolean;
}

/** `voxpool backup FILE` */
export function registerBackup(program: CliCommand, context: CommandContext): void {
  program
    .command("backup")
    .describe({
      en: "Write a copy of what a running server keeps (aliases, pins, chosen versions, keys, counters) to a file.",
      zh: "把运行中的服务器保存的状态（别名、固定、所选版本、密钥、统计）复制到文件。",
    })
    .withArgument("<file>", { en: "Where to; a file there is replaced.", zh: "写到何处；已有文件会被替换。" })
    .withClientOptions()
    .withExamples({
      command: "voxpool backup voxpool.db",
      en: "Models and configuration are copied as files are.",
      zh: "模型和配置按普通文件复制即可。",
    })
    .action(async (file: string, flags: ClientFlags) => {
      context.exitCode = await backUp(file, flags, context);
    });
}

/** `voxpool restore FILE` */
export function registerRestore(program: CliCommand, context: CommandContext): void {
  const command = program.command("restore");
  command
    .describe({
      en: "Check a backup, and make it the state of the server on this machine when that starts next. The state before is kept beside it.",
      zh: "检查备份，并在本机服务器下次启动时作为其状态。原有状态会保留在旁边。",
    })
    .withArgument("<file>", { en: "A file of voxpool backup.", zh: "voxpool backup 写出的文件。" })
    .withOption("--json", { en: "Print one JSON document.", zh: "输出一个 JSON 文档。" })
    .withExamples({
      command: "voxpool restore voxpool.db",
      en: "Then start voxpool, or restart it.",
      zh: "随后启动或重启 voxpool。",
    })
    .action(async (file: string, flags: RestoreFlags, self: Command) => {
      context.exitCode = await restore(file, flags, self, context);
    });
  withSettings(command, restoreSettings);
}

async function backUp(file: string, flags: ClientFlags, context: CommandContext): Promise<number> {
  const { language } = context;
  const client = createClient(flags, context);
  const label = language === "zh" ? "正在备份" : "backing up";
  const answer = await withActivity(label, context, () => client.backUp());
  if (!answer.success) return reportFailure(answer, context, flags);
  const bytes = new Uint8Array(await answer.data.arrayBuffer());
  await writeWhole(file, bytes, context);
  const size = formatBytes(bytes.length);
  if (flags.json) printJson(context, { success: true, file, size_bytes: bytes.length });
  else print(context, language === "zh" ? `已写入 ${file}（${size}）\n` : `written to ${file} (${size})\n`);
  return exitCodes.ok.code;
}

/** A file of that name is either what it was, or the whole backup; only its owner may read it. */
async function writeWhole(file: string, bytes: Uint8Array, { language }: CommandContext): Promise<void> {
  const part = `${file}.${process.pid}.part`;
  try {
    const handle = await open(part, "wx", 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    const why = systemText(error);
    throw new UsageError(
      language === "zh" ? `无法写入 ${file}：${inChinese(why)}` : `${file} cannot be written: ${why}`,
    );
  }
}

async function restore(file: string, flags: RestoreFlags, self: Command, context: CommandContext): Promise<number> {
  const { env, language } = context;
  try {
    const { loadConfig } = await import("../../base/config.ts");
    const { config } = loadConfig({ file: flags.config, env, flags: settingFlags(self, restoreSettings), language });
    const stateDir = await stateDirectory(config);
    const { stageRestore } = await import("../../store/restore.ts");
    await stageRestore(file, join(stateDir, "voxpool.db"));
    const pid = stateOwner(stateDir)?.pid;
    if (flags.json) printJson(context, { success: true, file, state_dir: stateDir, needs_restart: pid !== undefined });
    else print(context, `${restoredText(file, pid)[language]}\n`);
    return exitCodes.ok.code;
  } catch (error) {
    return reportError(error, context, flags.json);
  }
}

function restoredText(file: string, pid: number | undefined) {
  return pid === undefined
    ? { en: `${file} is the state when voxpool starts next`, zh: `voxpool 下次启动时将使用 ${file} 的状态` }
    : {
        en: `${file} is the state when voxpool starts next; process ${pid} runs now: restart it`,
        zh: `voxpool 下次启动时将使用 ${file} 的状态；进程 ${pid} 正在运行，请重启它`,
      };
}
