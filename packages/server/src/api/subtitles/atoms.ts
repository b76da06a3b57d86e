import { lineWidth, widthOf } from "./width.ts";

/** A piece of text that no line and no cue divides. */
export interface Atom {
  readonly text: string;
  /** Whether a space stands before it when it does not begin a line. */
  readonly spaced: boolean;
  /** Without the space; at least 1. */
  readonly width: number;
}

/** Scripts without spaces between their words: a dictionary says where one ends. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u3000-\u303F\uFF01-\uFF65]/u;

/** A line begins with none of these, and so a piece with one of them belongs to the piece before. */
const clings =
  /^[\p{M}\p{Cf}\p{Pe}\p{Pf}!%,.:;?¢°‰′″℃、。々〻〜・ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ！％，．：；？…—～]/u;

/** A word longer than a line, by characters: one of these scripts with its marks and punctuation, or a run of others. */
const units = new RegExp(
  `${unspaced.source}[\\p{M}\\p{Cf}\\p{Pe}\\p{Pf}、。，！？]{0,4}|(?:(?!${unspaced.source}).)+`,
  "gsu",
);

/** A line ends with none of these, and so they belong to the piece behind. */
const opens = /[\p{Ps}\p{Pi}$£¥￥＄#＃]$/u;

/** Whatever white space and control characters there are: none of them may break out of a cue. */
const separators = /[\s\p{Cc}\p{Zl}\p{Zp}]+/u;

/** The longest piece of one script that the dictionary is asked about, so that no text is slow. */
const longestLookup = 2000;

/**
 * Divides text where a line may break: at spaces, and in scripts without spaces between their words, but neither
 * before closing nor after opening punctuation. A word of letters is never divided, however long it is; of a word
 * in a script without spaces that is longer than a line, each character may begin a new one.
 */
export function atomsOf(text: string, dictionary = new Intl.Segmenter("zh", { granularity: "word" })): Atom[] {
  const atoms: Atom[] = [];
  for (const chunk of text.split(separators)) {
    if (chunk === "") continue;
    for (const [index, piece] of piecesOf(chunk, dictionary).entries()) {
      atoms.push({ text: piece, spaced: index === 0 && atoms.length > 0, width: Math.max(1, widthOf(piece)) });
    }
  }
  return atoms;
}

function piecesOf(chunk: string, dictionary: Intl.Segmenter): readonly string[] {
  if (!unspaced.test(chunk)) return [chunk];
  const pieces: string[] = [];
  for (const part of lookups(chunk)) {
    for (const { segment } of dictionary.segment(part)) {
      const previous = pieces.at(-1);
      if (previous !== undefined && belongTogether(previous, segment)) pieces[pieces.length - 1] = previous + segment;
      else pieces.push(segment);
    }
  }
  return pieces.flatMap((piece) => (widthOf(piece) > lineWidth ? (piece.match(units) ?? []) : [piece]));
}

function lookups(chunk: string): readonly string[] {
  if (chunk.length <= longestLookup) return [chunk];
  const all = Array.from(chunk);
  const parts: string[] = [];
  for (let at = 0; at < all.length; at += longestLookup) parts.push(all.slice(at, at + longestLookup).join(""));
  return parts;
}

function belongTogether(previous: string, next: string): boolean {
  if (clings.test(next) || opens.test(previous)) return true;
  // Between letters with spaces of their own only a space divides: `node.js` and `well-known` are one.
  return !unspaced.test(lastCharacter(previous)) && !unspaced.test(firstCharacter(next));
}

function firstCharacter(text: string): string {
  return String.fromCodePoint(text.codePointAt(0) ?? 0);
}

function lastCharacter(text: string): string {
  return Array.from(text.slice(-2)).at(-1) ?? "";
}
