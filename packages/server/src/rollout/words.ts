import { distance } from "fastest-levenshtein";

/**
 * Word error rate: the fewest insertions, deletions and substitutions that make what was expected of what was heard, for
 * each expected word. Scripts that are written without spaces are compared by characters, all others by words; case,
 * punctuation and the width of characters do not count. Where nothing was expected, each word is one error.
 */
export function wordErrorRate(expected: string, heard: string): number {
  const [wanted, got] = [tokensOf(expected), tokensOf(heard)];
  return distance(...asCharacters(wanted, got)) / Math.max(1, wanted.length);
}

/** What is compared: words, and single characters of scripts without spaces. */
export function tokensOf(text: string): readonly string[] {
  return text.normalize("NFKC").toLowerCase().replaceAll(apostrophes, "").match(token) ?? [];
}

/** Within a word they are written or not: `don't`, `dont`. */
const apostrophes = /(?<=\p{L})['’ʼ](?=\p{L})/gu;

const spaceless = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"]
  .map((script) => `\\p{Script=${script}}`)
  .join("");

const token = new RegExp(`[${spaceless}]\\p{M}*|(?:(?![${spaceless}])[\\p{L}\\p{N}\\p{M}])+`, "gu");

/** A character for each different token, so that a distance of texts is one of words. */
function asCharacters(...lists: readonly [readonly string[], readonly string[]]): [string, string] {
  const codes = new Map<string, string>();
  const codeOf = (word: string) => {
    const known = codes.get(word) ?? String.fromCharCode(codes.size + 1);
    codes.set(word, known);
    return known;
  };
  const [a, b] = lists;
  return [a.map(codeOf).join(""), b.map(codeOf).join("")];
}
