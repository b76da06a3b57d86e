import { distance } from "fastest-levenshtein";
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
  const rated = names.map((name) => ({ name, changes: distance(wrong.toLowerCase(), name.toLowerCase()) }));
  const [best] = rated.toSorted((a, b) => a.changes - b.changes);
  return best !== undefined && best.changes <= Math.max(1, best.name.length / 3) ? best.name : undefined;
}
