import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { loadConfig } from "../../base/config.ts";
import { createLogger } from "../../base/logger.ts";
import { stateDirectory } from "../../base/paths.ts";
import { settingKeys } from "../../base/setting-names.ts";
import type { Config } from "../../base/settings.ts";
import { version } from "../../base/version.ts";
import type { RunningServer, StartOptions, StartProgress } from "../../main.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { print, printJson } from "../output.ts";
import { createPullProgress } from "../pull-progress.ts";
import { settingFlags, withSettings } from "../settings-options.ts";
import { reachableUrls, type StartupReport, startupScreen } from "../startup-screen.ts";
import { createStatusLine } from "../status-line.ts";

interface ServeFlags {
  readonly config?: string;
  readonly json?: boolean;
}

export type StartServer = (options: StartOptions) => Promise<RunningServer>;

/** The server is loaded only when it is started: all other commands are quick without it. */
const startRealServer: StartServer = async (options) => (await import("../../main.ts")).startServer(options);

/** `voxpool serve` */
export function registerServe(program: CliCommand, context: CommandContext, startServer = startRealServer): void {
  const command = program.command("serve");
  command
    .describe({
      en: "Start a server, here and now. Ctrl-C stops it and ends with exit code 0; a second Ctrl-C ends at once.",
      zh: "在前台启动服务器。Ctrl-C 停止，退出码为 0；再按一次立即结束。",
    })
    .withOption("--json", {
      en: "Print what the server says of itself as one JSON document once it answers.",
      zh: "服务器就绪后，以一个 JSON 文档输出其信息。",
    })
    .withExamples(
      { command: "voxpool serve", en: "On port 5000, with the models in model/.", zh: "使用端口 5000 和 model/ 中的模型。" },
      {
        command: "voxpool serve --host 127.0.0.1 --port 5001",
        en: "For this machine only, on another port.",
        zh: "仅限本机，使用其他端口。",
      },
      {
        command: "VOXPOOL_PORT=5001 voxpool serve --config voxpool.yaml",
        en: "Flags win over the environment, which wins over the file.",
        zh: "命令行优先于环境变量，环境变量优先于文件。",
      },
    )
    .action(async (flags: ServeFlags, self: Command) => {
      context.exitCode = await serve(flags, self, context, startServer);
    });
  withSettings(command, settingKeys);
}

async function serve(flags: ServeFlags, self: Command, context: CommandContext, startServer: StartServer): Promise<number> {
  const { env, language, signal } = context;
  const { config } = loadConfig({ file: flags.config, env, flags: settingFlags(self, settingKeys), language });
  const stateDir = await stateDirectory(config);
  context.survivesClosedOutput = true;
  const log = createLogger(config, { env });
  const line = createStatusLine(context);
  try {
    const textOf = createProgressText(context);
    const onProgress = (progress: StartProgress) => line.show(textOf(progress));
    const server = await startServer({ config, log, onProgress, signal });
    line.clear();
    const report = reportOf(config, stateDir, server);
    if (flags.json) printJson(context, wireReport(report));
    else print(context, startupScreen(report, language));
    if (!signal.aborted) await once(signal, "abort");
    log.info({ signal: String(signal.reason) }, "stopping");
    await server.stop();
    return exitCodes.ok.code;
  } finally {
    line.clear();
    await log.close();
  }
}

function createProgressText({ language }: CommandContext): (progress: StartProgress) => string {
  const pullText = createPullProgress(language);
  const zh = language === "zh";
  return (progress) => {
    if (progress.type === "pull") return pullText(progress.event);
    if (progress.type === "load") return zh ? `正在加载 ${progress.modelPath}` : `loading ${progress.modelPath}`;
    return zh ? `正在预热 ${progress.modelPath}` : `warming up ${progress.modelPath}`;
  };
}

function reportOf(config: Config, stateDir: string, server: RunningServer): StartupReport {
  const { defaultModel, warmup } = server;
  const recording = fileURLToPath(new URL("../../../assets/jfk.wav", import.meta.url));
  const nearby = relative(process.cwd(), recording);
  return {
    version,
    urls: reachableUrls(config.host, Number(new URL(server.url).port || 80), networkInterfaces()),
    modelDirs: config.model_dir,
    stateDir,
    defaultModel,
    warmup,
    authentication: false,
    recording: nearby.startsWith("..") || isAbsolute(nearby) ? recording : nearby,
  };
}

function wireReport(report: StartupReport): Record<string, unknown> {
  const { warmup } = report;
  return {
    version: report.version,
    url: report.urls[0],
    urls: report.urls,
    model_dirs: report.modelDirs,
    state_dir: report.stateDir,
    default_model: report.defaultModel,
    authentication: report.authentication,
    warmup: warmup && { text: warmup.text, audio_seconds: warmup.audioSeconds, took_seconds: warmup.tookSeconds },
  };
}
