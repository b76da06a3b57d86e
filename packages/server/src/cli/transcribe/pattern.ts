import { glob } from "node:fs/promises";
import { join, sep } from "node:path";

/** What a pattern matches. */
export interface Matches {
  /** The part of the pattern before its first wildcard: the folder that all matches lie in. */
  readonly base: string;
  readonly matches: readonly string[];
}

const wildcards = /[*?[\]{}]/;

/** Whether a name that is no file can be meant as a pattern. */
export function isPattern(text: string): boolean {
  return wildcards.test(text);
}

/** The paths that a pattern such as `calls/**\/*.mp3` matches, unsorted. Hidden names match only where it has their dot. */
export async function findMatches(pattern: string, signal: AbortSignal): Promise<Matches> {
  const parts = (sep === "\\" ? pattern.replaceAll("\\", "/") : pattern).split("/");
  const fixed = parts.slice(0, parts.findIndex(isPattern));
  const base = fixed.length === 0 ? "." : fixed.join("/") || "/";
  const wanted = new Set(parts);
  const matches: string[] = [];
  for await (const path of glob(parts.join("/"))) {
    signal.throwIfAborted();
    if (!path.split(/[/\\]/).some((part) => isHidden(part) && !wanted.has(part) && !namesHidden(parts))) {
      matches.push(join(path));
    }
  }
  return { base, matches };
}

function isHidden(part: string): boolean {
  return part.startsWith(".") && part !== "." && part !== "..";
}

/** `.*` and the like ask for hidden names. */
function namesHidden(parts: readonly string[]): boolean {
  return parts.some((part) => part.startsWith(".") && isPattern(part));
}
