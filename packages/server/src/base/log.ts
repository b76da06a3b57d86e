/** A structured line for operators; `fields` never hold audio, transcripts or secrets. */
export type LogLine = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** What every part logs to; pino's own logger fits. */
export interface Log {
  debug: LogLine;
  info: LogLine;
  warn: LogLine;
  error: LogLine;
}

const nothing: LogLine = () => undefined;

/** Writes nowhere; the default of parts that are used without a server. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
