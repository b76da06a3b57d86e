import { phraseBook } from "./phrase-book.ts";

/** A phrase of the book, taken apart: the text between its gaps. */
interface Phrase {
  readonly parts: readonly string[];
  readonly zh: string;
}

/** Longer texts are no phrases of ours. */
const longestText = 2000;
/** A gap may hold a phrase, which may have a gap again. */
const deepest = 4;

/** Those with the most text of their own first: what is said most exactly wins. */
const phrases: readonly Phrase[] = Object.entries(phraseBook)
  .map(([en, zh]) => ({ parts: en.split("{}"), zh }))
  .toSorted((a, b) => weight(b) - weight(a));

/**
 * An English text of voxpool's own in Chinese, by the phrase book; what is not in it stays as it is. What fills the
 * gaps of a phrase is looked up as well, unless it is a single word. Takes time in proportion to the text.
 */
export function inChinese(text: string): string {
  return translated(text, deepest);
}

function translated(text: string, depth: number): string {
  if (text.length > longestText) return text;
  for (const { parts, zh } of phrases) {
    const gaps = gapsOf(text, parts);
    if (gaps === undefined) continue;
    const filled = gaps.map((gap) => (depth > 0 && gap.includes(" ") ? translated(gap, depth - 1) : gap));
    return zh.replaceAll(/\{(\d)\}/g, (_, number: string) => filled[Number(number) - 1] ?? "");
  }
  return text;
}

/** What stands in the gaps between the parts, if the text has them all in order; each gap as short as it can be. */
function gapsOf(text: string, parts: readonly string[]): readonly string[] | undefined {
  const [first = "", ...others] = parts;
  if (others.length === 0) return text === first ? [] : undefined;
  const last = others.at(-1) ?? "";
  if (!text.startsWith(first) || !text.endsWith(last)) return undefined;
  const end = text.length - last.length;
  const gaps: string[] = [];
  let at = first.length;
  for (const part of others.slice(0, -1)) {
    const found = text.indexOf(part, at + 1);
    if (found < 0) return undefined;
    gaps.push(text.slice(at, found));
    at = found + part.length;
  }
  // A gap is never empty: a phrase of nothing but gaps would fit everything.
  if (at >= end) return undefined;
  gaps.push(text.slice(at, end));
  return gaps;
}

function weight({ parts }: Phrase): number {
  return parts.join("").length;
}
