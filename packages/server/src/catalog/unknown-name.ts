import { VoxpoolError } from "../base/errors.ts";
import { printable } from "./model-path.ts";

/** The error for what is no name of the catalogue: what may have been meant, and all there is. */
export function unknownName(what: string, names: readonly string[]): VoxpoolError {
  const nearest = nearestName(what, names);
  const hint = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
  return new VoxpoolError("download_unknown", { name: printable(what), hint, names: names.join(", ") });
}

/** The name that differs least from a misspelled one; none if all differ in more than a third of their letters. */
function nearestName(wrong: string, names: readonly string[]): string | undefined {
  if (wrong.length > 100) return undefined;
  const rated = names.map((name) => ({ name, changes: changesBetween(wrong.toLowerCase(), name.toLowerCase()) }));
  const [best] = rated.toSorted((a, b) => a.changes - b.changes);
  return best !== undefined && best.changes <= Math.max(1, best.name.length / 3) ? best.name : undefined;
}

/** Letters that have to be put in, left out or changed (Levenshtein). */
function changesBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [above, letter] of Array.from(a).entries()) {
    const next = [above + 1];
    for (let index = 1; index <= b.length; index++) {
      const change = (row[index - 1] ?? 0) + (letter === b[index - 1] ? 0 : 1);
      next.push(Math.min(change, (row[index] ?? 0) + 1, (next[index - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
