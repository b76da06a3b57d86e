import { createRequire } from "node:module";
import { printable } from "./format.ts";

const require = createRequire(import.meta.url);

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

/** Loaded once there is something to measure: its tables take a fifth of the time in which `voxpool --version` ends. */
function stringWidth(text: string): number {
  return (require("string-width") as { readonly default: (text: string) => number }).default(text);
}

/** Most texts are. */
function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** Punctuation that must not begin a line. */
const closing = /^[\p{Pe}\p{Pf}、。，．：；？！]/u;
/** Characters between which a line may end without a space: Han, kana and what goes with them. */
const breakable = /^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\u3000-\u303f\uff00-\uffef]/u;

/** Lines of at most so many columns, ended at spaces and between Chinese characters; a longer word stands out. */
export function wrap(text: string, columns: number): readonly string[] {
  return text.split("\n").flatMap((line) => wrapLine(line, columns));
}

function wrapLine(line: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let current = "";
  let width = 0;
  for (const { text, space } of pieces(line)) {
    const own = widthOf(text);
    const gap = space && current !== "" ? 1 : 0;
    if (current !== "" && width + gap + own > columns) {
      lines.push(current);
      current = text;
      width = own;
    } else {
      current += (gap === 1 ? " " : "") + text;
      width += gap + own;
    }
  }
  return [...lines, current];
}

/** What is never cut: words, and single Chinese characters with the punctuation behind them. */
function pieces(line: string): readonly { readonly text: string; readonly space: boolean }[] {
  const found: { text: string; space: boolean }[] = [];
  let space = false;
  let open = false;
  for (const { segment } of new Intl.Segmenter().segment(line)) {
    const last = found.at(-1);
    if (/^\s/.test(segment)) space = true;
    else if (last !== undefined && !space && (closing.test(segment) || (open && !breakable.test(segment)))) {
      last.text += segment;
    } else {
      found.push({ text: segment, space });
    }
    if (/^\s/.test(segment)) open = false;
    else {
      open = !breakable.test(segment);
      space = false;
    }
  }
  return found;
}
