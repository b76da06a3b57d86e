/**
 * Characters that stand without a space between them: Han, Kana, Bopomofo and their punctuation, and the
 * full-width forms. Hangul is not among them: Korean has spaces.
 */
const wide =
  "[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Bopomofo}" +
  "\\u3000-\\u303F\\u3099-\\u309C\\u30FB\\u30FC\\u3200-\\u33FF\\uFE30-\\uFE4F\\uFF01-\\uFF9F\\uFFE0-\\uFFE6]";

/** Full-width punctuation brings its own room. */
const widePunctuation = "[\\u3001-\\u3003\\u3008-\\u3011\\u3014-\\u301F\\uFF01-\\uFF0F\\uFF1A-\\uFF20\\uFF3B-\\uFF65]";

// Marks (the selectors of rare Han variants, a separate dakuten) belong to the character before them.
const endsWide = new RegExp(`${wide}\\p{M}*$`, "u");
const startsWide = new RegExp(`^${wide}`, "u");
const spaceBetweenWide = new RegExp(`(?<=${wide}\\p{M}*) (?=${wide})`, "gu");
const spaceAtPunctuation = new RegExp(`(?<=${widePunctuation}) | (?=${widePunctuation})`, "gu");

/** The ideographic space is writing, not a separator of an engine. */
const separators = /[^\S\u3000]+/g;

/** How much of a piece's end decides a seam: a character and its marks. */
const seamLength = 16;

/**
 * Joins pieces of recognised text; the one place that decides about spaces.
 *
 * - Between pieces: one space, unless a Han, Kana or full-width character stands on either side.
 * - In a piece: spaces between two such characters go (Vosk puts one between all words), and so do spaces beside
 *   full-width punctuation. A space between Han and Latin letters or digits stays, since there it is a habit of
 *   writing: `我 用 python 写` becomes `我用 python 写`. At a seam nobody wrote one, and none is invented.
 * - Other runs of white space become one space; pieces of nothing but white space do not count.
 *
 * @param pieces of one text, in order
 */
export function joinText(pieces: Iterable<string>): string {
  const joined: string[] = [];
  let previous = "";
  for (const piece of pieces) {
    const text = tidy(piece);
    if (text === "") continue;
    if (previous !== "" && !endsWide.test(previous.slice(-seamLength)) && !startsWide.test(text)) joined.push(" ");
    joined.push(text);
    previous = text;
  }
  return joined.join("");
}

function tidy(piece: string): string {
  return piece.replace(separators, " ").trim().replace(spaceBetweenWide, "").replace(spaceAtPunctuation, "");
}
