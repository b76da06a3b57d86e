/** How well a cue or a line ends after a piece of text, and how long the pause is that follows. */

const closers = "[\"'”’»)\\]｝」』）】》〉\\p{M}]*$";
const sentenceEnd = new RegExp(`[.!?…。！？｡．]${closers}`, "u");
const clauseEnd = new RegExp(`[,;:，、；：—–]${closers}`, "u");

/** A dot after these ends no sentence: titles, common short forms, and single letters of a name. */
const abbreviation = /^["'(“‘]?(?:mr|mrs|ms|dr|prof|st|sr|jr|vs|no|etc|e\.g|i\.e|\p{L})\.$/iu;

export type BreakKind = "sentence" | "clause" | "none";

/** What ends with a piece of text. */
export function breakAfter(text: string): BreakKind {
  if (sentenceEnd.test(text)) return abbreviation.test(text) ? "none" : "sentence";
  return clauseEnd.test(text) ? "clause" : "none";
}
