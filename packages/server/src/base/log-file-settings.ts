import { memoryBytes } from "./bytes.ts";
import { parseDuration } from "./duration.ts";
import { VoxpoolError } from "./errors.ts";
import { type LogFile, openLogFile } from "./log-file.ts";
import type { Config } from "./settings.ts";
import { systemText } from "./system-text.ts";

export type LogFileConfig = Pick<Config, "log.file" | "audit.file" | "log.rotate_size" | "log.rotate_age" | "log.keep">;

/**
 * The file of that setting, opened; undefined: there is to be none. What is left out of `config` has no limit.
 * @throws VoxpoolError `config_invalid`, `option_invalid`
 */
export function configuredLogFile(
  setting: "log.file" | "audit.file",
  config: Partial<LogFileConfig>,
  troubleOf: (path: string) => (error: Error) => void,
): LogFile | undefined {
  const path = config[setting] ?? "";
  if (path === "") return undefined;
  const rotateBytes = memoryBytes(config["log.rotate_size"] ?? "0", "log.rotate_size");
  const keepBytes = memoryBytes(config["log.keep"] ?? "0", "log.keep");
  if (keepBytes > 0 && keepBytes < 2 * rotateBytes) {
    throw new VoxpoolError("config_invalid", {
      source: "log.keep",
      detail: "it must be twice log.rotate_size at least",
    });
  }
  const rotateSeconds = parseDuration(config["log.rotate_age"] ?? "-1", "log.rotate_age");
  try {
    return openLogFile({ path, rotateBytes, keepBytes, rotateSeconds, onTrouble: troubleOf(path) });
  } catch (error) {
    const detail = `cannot write to ${path}: ${systemText(error)}`;
    throw new VoxpoolError("config_invalid", { source: setting, detail }, { cause: error });
  }
}
