import type { Atom } from "./atoms.ts";
import { breakAfter } from "./breaks.ts";
import { widthOf } from "./width.ts";

const spaceWidth = widthOf(" ");

/** The text of pieces on one line. */
export function lineText(atoms: readonly Atom[]): string {
  return atoms.map(({ text, spaced }, index) => (index > 0 && spaced ? ` ${text}` : text)).join("");
}

/** Room before each piece when all stand on one line, and at the end the whole. */
export class Ruler {
  readonly #before: number[] = [0];
  readonly #atoms: readonly Atom[];

  constructor(atoms: readonly Atom[]) {
    this.#atoms = atoms;
    for (const { width, spaced } of atoms) {
      this.#before.push((this.#before.at(-1) ?? 0) + width + (spaced ? spaceWidth : 0));
    }
  }

  /** Width of a line of pieces `[from, to)`; the space before its first does not count. */
  width(from: number, to: number): number {
    if (to <= from) return 0;
    const whole = (this.#before[to] ?? 0) - (this.#before[from] ?? 0);
    return this.#atoms[from]?.spaced ? whole - spaceWidth : whole;
  }

  /** The end of the longest line from a piece on: at least that piece, even if it alone is too long. */
  lineEnd(from: number, limit: number): number {
    let to = from + 1;
    while (to < this.#atoms.length && this.width(from, to + 1) <= limit) to++;
    return Math.min(to, this.#atoms.length);
  }
}

/** Lines that end with a clause may be so much less even, of the room of a line. */
const clauseBonus = 0.3;

/** Breaks a cue into lines of like length, at punctuation if that is near. One or two lines are enough for it. */
export function linesOf(atoms: readonly Atom[], limit: number): readonly string[] {
  const ruler = new Ruler(atoms);
  if (atoms.length < 2 || ruler.width(0, atoms.length) <= limit) return [lineText(atoms)];
  let best = ruler.lineEnd(0, limit);
  let bestCost = Number.POSITIVE_INFINITY;
  for (let at = 1; at < atoms.length; at++) {
    const [first, second] = [ruler.width(0, at), ruler.width(at, atoms.length)];
    // A word longer than a line leaves no choice but to let it stand out.
    const excess = Math.max(0, first - limit) + Math.max(0, second - limit);
    const bonus = breakAfter(atoms[at - 1]?.text ?? "") === "none" ? 0 : clauseBonus * limit;
    const cost = Math.abs(first - second) - bonus + excess * 1000;
    if (cost < bestCost) [best, bestCost] = [at, cost];
  }
  return [lineText(atoms.slice(0, best)), lineText(atoms.slice(best))];
}
