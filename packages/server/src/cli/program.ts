import { version } from "../base/version.ts";
import { CliCommand } from "./command.ts";
import { commanderMessage } from "./commander-messages.ts";
import { registerAlias } from "./commands/alias.ts";
import { registerBackup, registerRestore } from "./commands/backup.ts";
import { registerBatch } from "./commands/batch.ts";
import { registerConfig } from "./commands/config.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerEvents } from "./commands/events.ts";
import { registerHelp } from "./commands/help.ts";
import { registerKeys } from "./commands/keys.ts";
import { registerListen } from "./commands/listen.ts";
import { registerLoad } from "./commands/load.ts";
import { registerModels } from "./commands/models.ts";
import { registerPin } from "./commands/pin.ts";
import { registerPs } from "./commands/ps.ts";
import { registerPull } from "./commands/pull.ts";
import { registerReload } from "./commands/reload.ts";
import { registerSearch } from "./commands/search.ts";
import { registerServe, type StartServer } from "./commands/serve.ts";
import { registerStats } from "./commands/stats.ts";
import { registerStatus } from "./commands/status.ts";
import { registerSwitch } from "./commands/switch.ts";
import { registerTls } from "./commands/tls.ts";
import { registerTop } from "./commands/top.ts";
import { registerTranscribe } from "./commands/transcribe.ts";
import { registerUnload } from "./commands/unload.ts";
import { registerWarmup } from "./commands/warmup.ts";
import type { CommandContext } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { say } from "./output.ts";
import { typable } from "./typable.ts";

/** What a program may be given instead of the real parts. */
export interface ProgramParts {
  readonly startServer?: StartServer | undefined;
}

/** `voxpool` with all its commands; each sets `context.exitCode`. Documents are made from it, too. */
export function buildProgram(context: CommandContext, parts: ProgramParts = {}): CliCommand {
  const program = new CliCommand("voxpool", context.language);
  program
    .describe({
      en: "A speech-recognition model server: load a model once, share it with every application.",
      zh: "语音识别模型服务器：模型只加载一次，由所有应用共享。",
    })
    .version(version, "-V, --version", program.text({ en: "Show the version.", zh: "显示版本。" }))
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(typable(text, context.command)),
      writeErr: (text) => context.stderr.write(typable(text, context.command)),
      outputError: (text) => say(context, commanderMessage(text, context.language)),
    })
    .showHelpAfterError(program.text({ en: "See voxpool --help.", zh: "参见 voxpool --help。" }))
    .addHelpText("after", () => exitCodeText(program))
    .withExamples(
      { command: "voxpool serve", en: "Starts a server.", zh: "启动服务器。" },
      { command: "voxpool transcribe speech.wav", en: "Prints the words.", zh: "输出文字。" },
      { command: "voxpool listen", en: "Writes what is said into the microphone.", zh: "识别麦克风的声音。" },
      { command: "voxpool load --help", en: "Help for one command.", zh: "查看某个命令的帮助。" },
    );
  registerServe(program, context, parts.startServer);
  registerModels(program, context);
  registerLoad(program, context);
  registerUnload(program, context);
  registerStatus(program, context);
  registerStats(program, context);
  registerEvents(program, context);
  registerPs(program, context);
  registerTop(program, context);
  registerReload(program, context);
  registerWarmup(program, context);
  registerPin(program, context);
  registerAlias(program, context);
  registerSwitch(program, context);
  registerBatch(program, context);
  registerTranscribe(program, context);
  registerListen(program, context);
  registerPull(program, context);
  registerSearch(program, context);
  registerKeys(program, context);
  registerTls(program, context);
  registerConfig(program, context);
  registerBackup(program, context);
  registerRestore(program, context);
  registerDoctor(program, context);
  registerHelp(program, context);
  return program;
}

function exitCodeText(program: CliCommand): string {
  const title = program.text({ en: "Exit codes:", zh: "退出码：" });
  const lines = Object.values(exitCodes).map((one) => `  ${String(one.code).padStart(3)}  ${program.text(one)}\n`);
  return `\n${title}\n${lines.join("")}`;
}
