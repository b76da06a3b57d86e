import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * A script and what it imports of ours as plain JavaScript in a directory, written once: stripping types at run time costs a
 * process 13 MB, which is not what is measured.
 *
 * @returns path of the entry
 */
export function plainScript(entry: string, directory: string): string {
  const written = new Map<string, string>();
  const convert = (file: string): string => {
    const target = join(directory, `${basename(file, ".ts")}.mjs`);
    written.set(file, target);
    const script = stripTypeScriptTypes(readFileSync(file, "utf8")).replaceAll(
      / from "(\.[^"]+)"/g,
      (_, specifier: string) => {
        const path = resolve(dirname(file), specifier);
        const meant = path.endsWith(".ts") ? (written.get(path) ?? convert(path)) : path;
        return ` from "${pathToFileURL(meant).href}"`;
      },
    );
    // Another process may be reading it at this moment.
    if (!existsSync(target)) writeFileSync(target, script);
    return target;
  };
  mkdirSync(directory, { recursive: true });
  return convert(entry);
}
