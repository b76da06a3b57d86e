import { EventEmitter } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../../dist/base/log.js";
import { selfSigned } from "../../dist/cli/tls/self-signed.js";

/** Two files with a certificate that is its own authority. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export const pairIn = (directory: string): Pair => ({
  cert: join(directory, "cert.pem"),
  key: join(directory, "key.pem"),
});

/** Writes a new certificate for this machine, valid for so many days from so many days ago. @returns the certificate */
export function writePair({ cert, key }: Pair, { days = 100, agoDays = 0 } = {}): string {
  const made = selfSigned(["localhost", "127.0.0.1"], days, Date.now() - agoDays * 86_400_000);
  writeFileSync(cert, made.cert);
  writeFileSync(key, made.key, { mode: 0o600 });
  return made.cert;
}

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface HeardLog {
  readonly log: Log;
  readonly lines: LogLine[];
  /** The next line that says so. */
  readonly until: (message: string) => Promise<LogLine>;
}

/** A log that can be waited for. */
export function heardLog(): HeardLog {
  const lines: LogLine[] = [];
  const news = new EventEmitter();
  const writer = (level: LogLine["level"]) => (fields: LogLine["fields"], message: string) => {
    lines.push({ level, fields, message });
    news.emit("line", lines.at(-1));
  };
  return {
    log: { debug: writer("debug"), info: writer("info"), warn: writer("warn"), error: writer("error") },
    lines,
    until: (message) =>
      new Promise((resolve) => {
        const look = (line: LogLine) => {
          if (line.message !== message) return;
          news.off("line", look);
          resolve(line);
        };
        news.on("line", look);
      }),
  };
}
