import { isatty } from "node:tty";
import { type DestinationStream, pino, stdTimeFunctions } from "pino";
import { prettyFactory } from "pino-pretty";
import type { MessageLanguage } from "./errors.ts";
import { createLineWriter, type LineWriter, writeAll } from "./line-writer.ts";
import type { Log, LogLine } from "./log.ts";
import type { LogFile } from "./log-file.ts";
import { configuredLogFile, type LogFileConfig } from "./log-file-settings.ts";
import { inChinese } from "./phrases.ts";
import type { Config } from "./settings.ts";

/** The log of a process, to be closed at its end. */
export interface Logger extends Log {
  /** A line about an administrative act, with `audit: true`: in the log at `info`, or in a file of its own. */
  readonly audit: LogLine;
  /** From now on lines that are less important are left out. */
  setLevel(level: Config["log.level"]): void;
  /** Opens the files anew, since another program has moved them away; nothing without files. */
  reopen(): void;
  /**
   * Resolves when all lines are out, or after `closeWaitMs` if nobody reads them; later lines are dropped. Without
   * it `process.exit()` still writes what is left. Safe to call twice.
   */
  close(): Promise<void>;
}

export interface LoggerOptions {
  /** Where lines go; standard error if it is left out, because standard output is for results. */
  readonly fd?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How long a reader that has stopped may keep the process from ending; one second if it is left out. */
  readonly closeWaitMs?: number;
  /** Of lines for people; JSON lines are for programs and stay as they are. English if it is left out. */
  readonly language?: MessageLanguage;
}

/**
 * The log as configured. On a terminal: lines for people, written at once. Else one JSON object a line (`level`,
 * `time` as ISO 8601, `msg`, the fields), written in the background, so that a line costs the server next to nothing.
 * @throws VoxpoolError `config_invalid` {source, detail}: a file that cannot be opened
 */
export function createLogger(
  config: Pick<Config, "log.level" | "log.format"> & Partial<LogFileConfig>,
  options: LoggerOptions = {},
): Logger {
  const { fd = 2, env = process.env, closeWaitMs = 1000, language = "en" } = options;
  const isTerminal = isatty(fd);
  const isPretty = config["log.format"] === "pretty" || (config["log.format"] === "auto" && isTerminal);
  const screen = isTerminal ? terminalSink(fd, env) : backgroundSink(createLineWriter(fd), closeWaitMs);
  const format = isPretty ? prettyLines(isTerminal && wantsColour(env), language) : (line: string) => line;
  const shown: Sink = { ...screen, write: (line) => screen.write(format(line)) };
  const level = config["log.level"];
  const onScreen = pinoTo([shown], level);
  const trouble = (path: string) => (error: Error) =>
    onScreen.error({ path, detail: error.message }, "The log file cannot be written; lines are dropped meanwhile");
  const files = {
    log: configuredLogFile("log.file", config, trouble),
    audit: configuredLogFile("audit.file", config, trouble),
  };
  const opened = Object.values(files).filter((file) => file !== undefined);
  const [logFile, auditFile] = [files.log, files.audit].map((file) => file && fileSink(file, closeWaitMs));
  const log = logFile === undefined ? onScreen : pinoTo([logFile, ...(isTerminal ? [shown] : [])], level);
  const audit = auditFile === undefined ? log : pinoTo([auditFile], "info");
  return {
    // Looked up each time: another level gives the log other methods.
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    audit: (fields, message) => audit.info({ audit: true, ...fields }, message),
    setLevel(wished) {
      log.level = wished;
      onScreen.level = wished;
    },
    reopen() {
      for (const file of opened) file.reopen();
    },
    async close() {
      await Promise.all([logFile?.close(), auditFile?.close()]);
      await shown.close();
    },
  };
}

/** Fields as they are, `error` with its stack; no process id, no host name. */
function pinoTo(sinks: readonly Sink[], level: string) {
  const settings = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.err },
  };
  const stream: DestinationStream = {
    write(line) {
      const text = withoutMovers(line);
      for (const sink of sinks) sink.write(text);
    },
  };
  return pino(settings, stream);
}

/** What terminals and viewers take for commands or for ends of lines, and JSON lets stand. */
const movers = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A line of JSON with them escaped. The backslash stands in front of another one, so that lines for people show it. */
function withoutMovers(line: string): string {
  return line.replace(movers, (mover) => `\\\\u${mover.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function wantsColour(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
}

/** pino-pretty's own stream is not used: with its reader gone it never lets the process end. */
function prettyLines(colorize: boolean, language: MessageLanguage): (line: string) => string {
  const format = prettyFactory({
    colorize,
    translateTime: "SYS:HH:MM:ss",
    singleLine: true,
    ...(language === "zh" && { messageFormat: (log, key) => textOf(log[key]) }),
  });
  return (line) => format(line) ?? "";
}

/** What a line says, in Chinese; pino writes nothing else than a text there. */
function textOf(message: unknown): string {
  return typeof message === "string" ? inChinese(message) : "";
}

interface Sink {
  write(line: string): void;
  close(): Promise<void>;
}

/**
 * Terminals take lines at once, and they should stand in order with what else is printed there. A line takes the place
 * of one that shows progress, which is then drawn again below it.
 */
function terminalSink(fd: number, env: Readonly<Record<string, string | undefined>>): Sink {
  const start = env.TERM === "dumb" ? "" : "\r\u001b[K";
  let isClosed = false;
  return {
    write(line) {
      if (!isClosed) writeAll(fd, Buffer.from(start + line));
    },
    async close() {
      isClosed = true;
    },
  };
}

/** Drops what comes after its end. */
function backgroundSink(writer: LineWriter, closeWaitMs: number): Sink {
  const atExit = () => writer.writeNow();
  let isClosed = false;
  process.on("exit", atExit);
  return {
    write(line) {
      if (!isClosed) writer.write(line);
    },
    async close() {
      isClosed = true;
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, closeWaitMs);
      });
      await Promise.race([writer.drain(), patience]);
      clearTimeout(timer);
      process.off("exit", atExit);
    },
  };
}

function fileSink(file: LogFile, closeWaitMs: number): Sink {
  const sink = backgroundSink(file, closeWaitMs);
  let closed: Promise<void> | undefined;
  const close = async () => {
    await sink.close();
    await file.close();
  };
  return { ...sink, close: () => (closed ??= close()) };
}
