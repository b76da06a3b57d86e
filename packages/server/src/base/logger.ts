import { isatty } from "node:tty";
import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";
import type { Log } from "./log.ts";
import type { Config } from "./settings.ts";

/** The log of a process, to be closed at its end. */
export interface Logger extends Log {
  /** Writes what is buffered; returns when the kernel has it. */
  flush(): void;
  /** Flushes, and writes nothing more. Safe to call twice. */
  close(): void;
}

export interface LoggerOptions {
  /** Where lines go; standard error if it is left out, because standard output is for results. */
  readonly fd?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Lines that nobody reads in time are dropped beyond this, so that a stuck reader does not cost memory. */
const maxBufferedBytes = 16 * 1024 * 1024;

/**
 * The log as configured: on a terminal a line for people, written at once; else JSON, one object a line
 * (`level`, `time` as ISO 8601, `msg`, the fields), written in the background and flushed at exit.
 */
export function createLogger(config: Pick<Config, "log.level" | "log.format">, options: LoggerOptions = {}): Logger {
  const { fd = 2, env = process.env } = options;
  const isPretty = config["log.format"] === "pretty" || (config["log.format"] === "auto" && isatty(fd));
  const sink = isPretty ? prettySink(fd, env) : jsonSink(fd);
  const logger = pino(
    {
      level: config["log.level"],
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
    },
    sink.stream,
  );
  return toLogger(logger, sink.flush);
}

function toLogger(logger: PinoLogger, flush: () => void): Logger {
  return {
    debug: logger.debug.bind(logger),
    info: logger.info.bind(logger),
    warn: logger.warn.bind(logger),
    error: logger.error.bind(logger),
    flush,
    close() {
      flush();
    },
  };
}

interface Sink {
  readonly stream: DestinationStream;
  readonly flush: () => void;
}

function prettySink(fd: number, env: NonNullable<LoggerOptions["env"]>): Sink {
  const colorize = isatty(fd) && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
  const stream = pretty({ destination: fd, sync: true, colorize, translateTime: "SYS:HH:MM:ss", singleLine: true });
  return { stream, flush: () => undefined };
}

/** A synchronous write would stop the whole server whenever the reader of the pipe does. */
function jsonSink(fd: number): Sink {
  const stream = pino.destination({ dest: fd, sync: false, maxLength: maxBufferedBytes });
  return { stream, flush: () => stream.flushSync() };
}
