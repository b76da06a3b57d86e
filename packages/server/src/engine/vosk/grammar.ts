import { VoxpoolError } from "../../base/errors.ts";

/** The number of a word in a vocabulary; negative if it has no such word. */
export type FindWord = (word: string) => number;

/** Symbols of a vocabulary that nobody says; in a grammar they would break the graph. */
const technical = /^(<eps>|<s>|<\/s>|#\d+)$/;

/** libvosk reads its phrases from JSON, and its strings end at a zero. */
const unspeakable = /[\p{Cc}\p{Cs}]/u;

/**
 * Phrases as libvosk takes them. Words that the model does not know are left out here and not in libvosk, which would
 * write a line to the log for each; phrases of which nothing is left go, because one without words would match silence.
 * @returns a JSON list of at least one phrase
 * @throws VoxpoolError `option_invalid` when the model knows none of the words
 */
export function voskGrammar(phrases: readonly string[], findWord: FindWord): string {
  const numbers = new Map<string, number>();
  const knows = (word: string): boolean => {
    if (word === "" || technical.test(word) || unspeakable.test(word)) return false;
    const number = numbers.get(word) ?? findWord(word);
    numbers.set(word, number);
    return number > 0;
  };
  const known = phrases.map((phrase) => phrase.split(/\s+/).filter(knows).join(" "));
  const distinct = [...new Set(known)].filter((phrase) => phrase !== "");
  if (distinct.length > 0) return JSON.stringify(distinct);
  throw new VoxpoolError("option_invalid", {
    option: "grammar",
    detail: "the model knows none of its words; words of Chinese and Japanese need spaces between them",
  });
}
