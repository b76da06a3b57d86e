import { distance } from "fastest-levenshtein";
import { VoxpoolError } from "../base/errors.ts";
import { printable } from "./model-path.ts";

/** The error for what is no name of the catalogue: what may have been meant, and all there is. */
export function unknownName(what: string, names: readonly string[]): VoxpoolError {
  const hint = nameHint(what, names);
  return new VoxpoolError("download_unknown", { name: printable(what), hint, names: names.join(", ") });
}

/** What may have been meant, to stand behind a sentence; empty if nothing comes near. */
export function nameHint(what: string, names: readonly string[]): string {
  const nearest = nearestName(what, names);
  return nearest === undefined ? "" : ` Did you mean ${nearest}?`;
}

/** The name that differs least from a misspelled one; none if all differ in more than a third of their letters. */
function nearestName(wrong: string, names: readonly string[]): string | undefined {
  if (wrong.length > 100) return undefined;
  const rated = names.map((name) => ({ name, changes: distance(wrong.toLowerCase(), name.toLowerCase()) }));
  const [best] = rated.toSorted((a, b) => a.changes - b.changes);
  return best !== undefined && best.changes <= Math.max(1, best.name.length / 3) ? best.name : undefined;
}
