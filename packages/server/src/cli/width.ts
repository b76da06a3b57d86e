import stringWidth from "string-width";
import { printable } from "./format.ts";

/** The columns that a terminal gives a text: Chinese characters take two. */
export function widthOf(text: string): number {
  return isPlain(text) ? text.length : stringWidth(text);
}

/** One line of at most so many columns; what is too long ends with `…`. */
export function shorten(text: string, columns: number): string {
  const line = printable(text).replaceAll(/\s/g, " ");
  if (widthOf(line) <= columns) return line;
  let width = 0;
  let kept = "";
  for (const { segment } of new Intl.Segmenter().segment(line)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** One line of at most so many columns that keeps its end, where the name of a file is. */
export function shortenStart(text: string, columns: number): string {
  const line = printable(text).replaceAll(/\s/g, " ");
  if (widthOf(line) <= columns) return line;
  let width = 0;
  let kept = "";
  for (const { segment } of [...new Intl.Segmenter().segment(line)].toReversed()) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    kept = segment + kept;
  }
  return `…${kept}`;
}

/** Most texts are, and the tables of the library cost time. */
function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
