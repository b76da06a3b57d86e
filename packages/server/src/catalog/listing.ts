import { identify } from "./identify.ts";
import { enter, isInside, looksLikeModel, readFolder, versionsIn } from "./model-folder.ts";
import { isNameable } from "./model-path.ts";
import type { PresentRoot } from "./roots.ts";
import type { ModelFolder } from "./types.ts";

/** How deep below a model directory models are looked for: `a/b/c/d`. */
const maxDepth = 4;
/** Most folders that one listing looks at. */
const maxFolders = 10_000;

/** All models below the roots, sorted by id; each real folder once. Bounded in depth and number. */
export async function listModels(roots: readonly PresentRoot[]): Promise<readonly ModelFolder[]> {
  const found = new Map<string, ModelFolder>();
  const isAllowed = (path: string) => roots.some((one) => isInside(path, one.real));
  const seen = new Set<string>();
  const waiting = roots.map((root) => ({ directory: root.real, depth: 0 }));
  for (let next = waiting.shift(); next !== undefined && seen.size < maxFolders; next = waiting.shift()) {
    const { directory, depth } = next;
    if (seen.has(directory)) {
      continue;
    }
    seen.add(directory);
    const isModel = depth === 0 ? await looksLikeModel(directory) : (await versionsIn(directory, isAllowed)).length > 0;
    if (isModel) {
      const model = (await identify(directory, undefined, roots))?.folder;
      if (model !== undefined && !found.has(model.directory)) {
        found.set(model.directory, model);
      }
      continue;
    }
    if (depth < maxDepth) {
      waiting.push(
        ...(await childrenOf(directory, isAllowed)).map((child) => ({ directory: child, depth: depth + 1 })),
      );
    }
  }
  return [...found.values()].toSorted((a, b) => compare(a.id, b.id) || compare(a.modelPath, b.modelPath));
}

async function childrenOf(directory: string, isAllowed: (path: string) => boolean): Promise<readonly string[]> {
  const entries = (await readFolder(directory)).filter(({ name }) => isNameable(name));
  const children = await Promise.all(entries.map((entry) => enter(directory, entry, isAllowed)));
  return children.filter((child) => child !== undefined);
}

/** By code point, so that the order is the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
