import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readFolder } from "./model-folder.ts";
import { isHiddenName } from "./model-path.ts";

/** Most files that are looked at, and how deep; models have a few dozen. */
const mostFiles = 500;
const maxDepth = 4;

/**
 * What tells whether the files of a model are still the same: name, size, time and number of each; contents are not
 * read. Files put in their place by a rename differ in their number. Empty if there are none.
 */
export async function fingerprint(directory: string): Promise<string> {
  const lines: string[] = [];
  const waiting = [{ folder: directory, name: "", depth: 0 }];
  for (let next = waiting.shift(); next !== undefined && lines.length < mostFiles; next = waiting.shift()) {
    const { folder, name, depth } = next;
    for (const entry of await readFolder(folder)) {
      if (isHiddenName(entry.name)) continue;
      const [path, shown] = [join(folder, entry.name), `${name}/${entry.name}`];
      if (entry.isDirectory() && depth < maxDepth) waiting.push({ folder: path, name: shown, depth: depth + 1 });
      else if (!entry.isDirectory() && lines.length < mostFiles) lines.push(`${shown} ${await identityOf(path)}`);
    }
  }
  return lines.toSorted().join("\n");
}

async function identityOf(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ino, dev } = await stat(path);
    return `${size} ${mtimeMs} ${dev}:${ino}`;
  } catch {
    return "gone";
  }
}
