import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { Log } from "../../base/log.ts";
import { settingKeys } from "../../base/setting-names.ts";
import type { Config } from "../../base/settings.ts";
import { version } from "../../base/version.ts";
import type { DefaultModelReady, PullEvent, RunningServer, StartOptions } from "../../main.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportError } from "../failures.ts";
import { printJson, printText } from "../output.ts";
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
      en: "Start a server, here and now. Ctrl-C stops it once what runs is done (stop.grace_seconds) and ends with exit code 0; a second Ctrl-C ends at once.",
      zh: "在前台启动服务器。Ctrl-C 在运行中的任务完成后（stop.grace_seconds）停止，退出码为 0；再按一次立即结束。",
    })
    .withOption("--json", {
      en: "Print what the server says of itself as one JSON document once it answers.",
      zh: "服务器就绪后，以一个 JSON 文档输出其信息。",
    })
    .withExamples(
      {
        command: "voxpool serve",
        en: "On port 5000, with the models in model/.",
        zh: "使用端口 5000 和 model/ 中的模型。",
      },
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

async function serve(
  flags: ServeFlags,
  self: Command,
  context: CommandContext,
  startServer: StartServer,
): Promise<number> {
  const { env, language, signal } = context;
  // Other commands are quick without these.
  const [{ loadConfig }, { createLogger }] = await Promise.all([
    import("../../base/config.ts"),
    import("../../base/logger.ts"),
  ]);
  const reread = () => loadConfig({ file: flags.config, env, flags: settingFlags(self, settingKeys), language }).config;
  let config = reread();
  context.survivesClosedOutput = true;
  const log = createLogger(config, { env, language });
  let server: RunningServer | undefined;
  const takeUp = () => {
    log.reopen();
    server?.reload();
  };
  // A terminal that is closed ends what runs in it; without one, it says that files were moved away or changed.
  if (!context.stdin.isTTY) process.on("SIGHUP", takeUp);
  const line = createStatusLine(context);
  const preparing = language === "zh" ? "正在准备默认模型" : "preparing the default model";
  const pullText = createPullProgress(language);
  const interrupted = signal.aborted ? Promise.resolve() : once(signal, "abort");
  try {
    const onProgress = (event: PullEvent) => line.show(event.phase === "done" ? preparing : pullText(event));
    const onReload = (next: Config) => {
      config = next;
      log.setLevel(next["log.level"]);
    };
    server = await startServer({ config, log, audit: log.audit, onProgress, reread, onReload });
    line.show(preparing);
    // Once interrupted nobody is left who wants to know what became of the model.
    const model = await Promise.race([interrupted, server.defaultModel.catch((error: unknown) => error)]);
    line.clear();
    if (!signal.aborted) announce(config, server, model, flags, context);
    await interrupted;
    log.info({ signal: String(signal.reason), running: server.running() }, "stopping");
    await finish(server, config["stop.grace_seconds"], log);
    return exitCodes.ok.code;
  } finally {
    line.clear();
    process.off("SIGHUP", takeUp);
    await log.close();
  }
}

/** What runs may end by itself; what does not is told, and ended. */
async function finish(server: RunningServer, graceSeconds: number, log: Log): Promise<void> {
  const graceIsOver = new AbortController();
  const timer = setTimeout(() => graceIsOver.abort(), graceSeconds * 1000);
  const left = await server.drain(graceIsOver.signal);
  clearTimeout(timer);
  if (left > 0) log.warn({ running: left, grace_seconds: graceSeconds }, "the grace is over; what runs is ended");
  await server.stop();
}

/** A server without its default model runs on: others can be loaded, and the one that failed can be mended. */
function announce(
  config: Config,
  server: RunningServer,
  model: unknown,
  flags: ServeFlags,
  context: CommandContext,
): void {
  const ready = isReady(model) ? model : undefined;
  if (ready === undefined) reportError(model, context);
  const report = reportOf(config, server, ready);
  if (flags.json) printJson(context, wireReport(report));
  else printText(context, startupScreen(report, context.language));
}

function isReady(model: unknown): model is DefaultModelReady {
  return typeof model === "object" && model !== null && "heard" in model;
}

function reportOf(config: Config, server: RunningServer, ready: DefaultModelReady | undefined): StartupReport {
  const recording = fileURLToPath(new URL("../../../assets/jfk.wav", import.meta.url));
  const nearby = relative(process.cwd(), recording);
  const { port, protocol } = new URL(server.url);
  const isSecure = protocol === "https:";
  return {
    version,
    urls: reachableUrls(
      config.host,
      Number(port || (isSecure ? 443 : 80)),
      networkInterfaces(),
      isSecure ? "https" : "http",
    ),
    modelDirs: config.model_dir,
    stateDir: server.stateDir,
    defaultModel: ready && {
      path: ready.modelPath,
      heard: ready.heard,
      loadSeconds: ready.loadSeconds,
      warmUpSeconds: ready.warmUpSeconds,
    },
    authentication: config["auth.required"],
    caFile: server.caFile,
    recording: nearby.startsWith("..") || isAbsolute(nearby) ? recording : nearby,
  };
}

function wireReport({ defaultModel, ...report }: StartupReport): Record<string, unknown> {
  return {
    version: report.version,
    url: report.urls[0],
    urls: report.urls,
    model_dirs: report.modelDirs,
    state_dir: report.stateDir,
    default_model: defaultModel && {
      model_path: defaultModel.path,
      heard: defaultModel.heard,
      load_seconds: defaultModel.loadSeconds,
      warm_up_seconds: defaultModel.warmUpSeconds,
    },
    authentication: report.authentication,
  };
}
