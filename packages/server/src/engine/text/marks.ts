/** Punctuation marks, each behind a character of a text; characters are counted without white space. */
export type Marks = ReadonlyMap<number, string>;

const white = /\s/;
const ownMarks = /[，。？！；：、,.?!;:…](?=\s|$|[\p{Script=Han}])|[，。？！；：、]/u;
const letters = /\p{L}/u;
const foreignLetters = /(?![\p{Script=Han}\p{Script=Latin}])\p{L}/u;
const han = /\p{Script=Han}/u;

/** Full-width marks and what stands for them in a text without Chinese. */
const asciiMarks: Readonly<Record<string, string>> = { "，": ",", "。": ".", "？": "?", "、": ",", "！": "!" };

/** Whether a text can be given Chinese or English punctuation: it has letters, no foreign ones, and no marks of its own. */
export function lacksPunctuation(text: string): boolean {
  return letters.test(text) && !foreignLetters.test(text) && !ownMarks.test(text);
}

/**
 * The marks that a punctuated form of a text has and the text has not. Spaces do not count: models put them elsewhere.
 * @returns undefined when more than marks was changed
 */
export function marksIn(text: string, punctuated: string): Marks | undefined {
  const original = visible(text);
  const marks = new Map<number, string>();
  let at = 0;
  for (const character of visible(punctuated)) {
    if (character === original[at]) at++;
    else if (at > 0 && Object.hasOwn(asciiMarks, character)) marks.set(at - 1, character);
    else return undefined;
  }
  return at === original.length ? marks : undefined;
}

/**
 * A text with the marks behind its characters; full-width ones, or `, . ?` if `chinese` is false.
 * @param offset number that the text's first character has in `marks`
 */
export function withMarks(text: string, marks: Marks, offset: number, chinese: boolean): string {
  let at = offset;
  let marked = "";
  for (const character of text) {
    marked += character;
    if (white.test(character)) continue;
    const mark = marks.get(at++);
    if (mark !== undefined) marked += chinese ? mark : (asciiMarks[mark] ?? mark);
  }
  return marked;
}

/** How many characters a text has that are no white space. */
export function visibleLength(text: string): number {
  return visible(text).length;
}

/** Whether a text has Chinese characters. */
export function hasHan(text: string): boolean {
  return han.test(text);
}

function visible(text: string): string[] {
  return Array.from(text).filter((character) => !white.test(character));
}
