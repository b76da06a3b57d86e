import { isatty } from "node:tty";
import { type DestinationStream, pino, stdTimeFunctions } from "pino";
import { prettyFactory } from "pino-pretty";
import type { MessageLanguage } from "./errors.ts";
import { createLineWriter, writeAll } from "./line-writer.ts";
import type { Log } from "./log.ts";
import { inChinese } from "./phrases.ts";
import type { Config } from "./settings.ts";

/** The log of a process, to be closed at its end. */
export interface Logger extends Log {
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
 */
export function createLogger(config: Pick<Config, "log.level" | "log.format">, options: LoggerOptions = {}): Logger {
  const { fd = 2, env = process.env, closeWaitMs = 1000, language = "en" } = options;
  const isTerminal = isatty(fd);
  const isPretty = config["log.format"] === "pretty" || (config["log.format"] === "auto" && isTerminal);
  const sink = isTerminal ? terminalSink(fd, env) : backgroundSink(fd, closeWaitMs);
  const format = isPretty ? prettyLines(isTerminal && wantsColour(env), language) : (line: string) => line;
  let isClosed = false;
  const stream: DestinationStream = {
    write(line) {
      if (!isClosed) sink.write(format(line));
    },
  };
  const settings = {
    level: config["log.level"],
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.err },
  };
  const logger = pino(settings, stream);
  return {
    debug: logger.debug.bind(logger),
    info: logger.info.bind(logger),
    warn: logger.warn.bind(logger),
    error: logger.error.bind(logger),
    async close() {
      isClosed = true;
      await sink.close();
    },
  };
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
  return {
    write: (line) => void writeAll(fd, Buffer.from(start + line)),
    close: () => Promise.resolve(),
  };
}

function backgroundSink(fd: number, closeWaitMs: number): Sink {
  const writer = createLineWriter(fd);
  const atExit = () => writer.writeNow();
  process.on("exit", atExit);
  return {
    write: (line) => writer.write(line),
    async close() {
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
