import { VoxpoolError } from "./errors.ts";
import type { Config } from "./settings.ts";

/**
 * The state directory: the configured one, else the platform's directory for data (`~/.local/share/voxpool`,
 * `~/Library/Application Support/voxpool`, `%LOCALAPPDATA%\voxpool\Data`).
 * @throws VoxpoolError `config_invalid` where the user has no home directory
 */
export async function stateDirectory(config: Pick<Config, "state_dir">): Promise<string> {
  if (config.state_dir !== "") return config.state_dir;
  try {
    // Imported here: the package asks for the home directory at once, and throws for a user that has none.
    const { default: envPaths } = await import("env-paths");
    return envPaths("voxpool", { suffix: "" }).data;
  } catch (cause) {
    const detail = "this user has no home directory; name one with --state-dir DIR";
    throw new VoxpoolError("config_invalid", { source: "state_dir", detail }, { cause });
  }
}
