import { existsSync } from "node:fs";
import { posix, win32 } from "node:path";
import type { Environment } from "./context.ts";

/** How this program is called on a command line. */
export type CommandName = "voxpool" | "npx voxpool";

/** Seams for tests. */
export interface Surroundings {
  readonly platform?: NodeJS.Platform;
  readonly exists?: (path: string) => boolean;
}

/**
 * What a person types here to run voxpool: its name if a shell finds it, else through npx, as in a clone or beside an
 * application. The folders that npm puts on the `PATH` of its scripts, and npx of its programs, are not the shell's.
 */
export function commandName(
  env: Environment,
  { platform = process.platform, exists = existsSync }: Surroundings = {},
): CommandName {
  const paths = platform === "win32" ? win32 : posix;
  const names = platform === "win32" ? ["voxpool.cmd", "voxpool.exe"] : ["voxpool"];
  const folders = (env.PATH ?? env.Path ?? "")
    .split(paths.delimiter)
    .filter((folder) => folder !== "" && !/node_modules[\\/]+\.bin[\\/]*$/.test(folder));
  const isFound = folders.some((folder) => names.some((name) => exists(paths.join(folder, name))));
  return isFound ? "voxpool" : "npx voxpool";
}

const names =
  "serve models load unload status stats events ps reload warmup pin unpin alias switch batch transcribe pull search " +
  "config doctor help --help --version";
const commands = new RegExp(`(?<![\\w./@-])(?:npx )?voxpool (?=(?:${names.replaceAll(" ", "|")})\\b)`, "g");

/** A text for people with the command lines in it as they can be typed here. */
export function typable(text: string, command: CommandName): string {
  return text.replaceAll(commands, `${command} `);
}
