/** A line holds so much: 42 Latin letters or 18 Han characters, and a mixture as far as its letters allow. */
export const lineWidth = 126;

const narrowWidth = lineWidth / 42;
const wideWidth = lineWidth / 18;

/**
 * What takes the room of a Han character: the scripts of East Asia with their punctuation, full-width forms, and
 * pictures. Half-width Kana (U+FF61 to U+FFDC) do not.
 */
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303F\u3200-\u33FF\uFE30-\uFE4F\uFF01-\uFF60\uFFE0-\uFFE6]/u;
const halfWidth = /[\uFF61-\uFFDC]/u;

/** Marks stand on the letter before them. */
const withoutWidth = /[\p{M}\p{Cf}]/u;

/** How much of a line a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (character < "\u0300") return narrowWidth; // most of what there is, and quickly told
  if (withoutWidth.test(character)) return 0;
  return wide.test(character) && !halfWidth.test(character) ? wideWidth : narrowWidth;
}
