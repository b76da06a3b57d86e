import { basename } from "node:path";
import { readTokens } from "../detect/tokens.ts";

/** How a model's words are cut into tokens, as far as hotwords need it. */
export interface Units {
  /** The library's own name. */
  readonly modelingUnit: "cjkchar" | "bpe" | "cjkchar+bpe";
  /** The phrases that can be searched for, as the library takes them; undefined where none can. */
  readonly encode: (phrases: readonly string[]) => string | undefined;
}

/** A table that has so many of a kind of token is made of them. */
const enough = 20;

/** What people say; the library takes other characters for its own marks, and ends the process over some. */
const sayable = /^[\p{L}\p{M}\p{N}'\- ]+$/u;

const han = /^\p{Script=Han}$/u;

/**
 * Finds out how hotwords can be given to a model.
 * @param tokens path of its table of tokens
 * @param bpeVocabulary path of the table of its pieces, if there is one: words in letters need it
 * @returns undefined where they cannot
 */
export async function unitsOf(tokens: string, bpeVocabulary: string | undefined): Promise<Units | undefined> {
  const { numbers } = await readTokens(basename(tokens), tokens);
  const known = [...numbers.keys()];
  const hasHan = known.filter((token) => han.test(token)).length >= enough;
  const pieces = known.filter((token) => /^▁?[\p{L}']+$/u.test(token) && !han.test(token));
  const hasPieces = bpeVocabulary !== undefined && pieces.length >= enough;
  if (!hasHan && !hasPieces) return undefined;
  const letters = hasPieces ? new Set(pieces.join("")) : new Set<string>();
  const upper = !pieces.some((piece) => piece !== piece.toUpperCase());
  const isKnown = (character: string): boolean =>
    (hasHan && han.test(character) && numbers.has(character)) || letters.has(character);
  return {
    modelingUnit: hasHan ? (hasPieces ? "cjkchar+bpe" : "cjkchar") : "bpe",
    encode: (phrases) => {
      const usable = phrases
        .filter((phrase) => sayable.test(phrase))
        .map((phrase) => (upper ? phrase.toUpperCase() : phrase).trim().replaceAll(/\s+/g, " "))
        .filter(
          (phrase) => phrase !== "" && Array.from(phrase).every((character) => character === " " || isKnown(character)),
        );
      return usable.length === 0 ? undefined : [...new Set(usable)].join("/");
    },
  };
}
