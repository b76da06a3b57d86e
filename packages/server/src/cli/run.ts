import { CommanderError } from "commander";
import { inChinese } from "../base/phrases.ts";
import { systemText } from "../base/system-text.ts";
import { type CommandContext, languageOf } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { reportError } from "./failures.ts";
import { listenForInterruption } from "./interruption.ts";
import { say } from "./output.ts";
import { buildProgram, type ProgramParts } from "./program.ts";
import { commandName } from "./typable.ts";

/** Runs the command line of this process, and ends the process. */
export async function main(parts: ProgramParts = {}): Promise<void> {
  const { env, stdin, stdout, stderr } = process;
  const context: CommandContext = {
    env,
    language: languageOf(env),
    command: commandName(env),
    stdin,
    stdout,
    stderr,
    signal: listenForInterruption(),
    exitCode: exitCodes.ok.code,
    survivesClosedOutput: false,
  };
  stdout.on("error", (error: NodeJS.ErrnoException) => onOutputError(error, context));
  // Nobody is left to be told.
  stderr.on("error", () => undefined);
  const code = await runCli(process.argv.slice(2), context, parts);
  await flushed(stdout);
  process.exit(code);
}

/** Runs a command line. @returns the exit code, a value of the table `exitCodes` */
async function runCli(argv: readonly string[], context: CommandContext, parts: ProgramParts = {}): Promise<number> {
  try {
    await buildProgram(context, parts).parseAsync(argv, { from: "user" });
    return context.exitCode;
  } catch (error) {
    // Help and version are thrown as well; commander has printed what there is to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code;
    return reportError(error, context);
  }
}

/** A reader that has seen enough (`| head`) is no trouble; a full disk is. */
function onOutputError(error: NodeJS.ErrnoException, context: CommandContext): void {
  if (context.survivesClosedOutput) return;
  if (error.code === "EPIPE") process.exit(exitCodes.ok.code);
  const why = systemText(error);
  say(context, context.language === "zh" ? inChinese(why) : why);
  process.exit(exitCodes.failed.code);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}
