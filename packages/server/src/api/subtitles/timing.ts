import type { Atom } from "./atoms.ts";

/** When a word is said, seconds. */
export interface TimedWord {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** When a piece of text is said, seconds. */
export interface Timed {
  readonly start: number;
  readonly end: number;
}

export interface Speech {
  readonly start: number;
  readonly end: number;
  readonly words?: readonly TimedWord[];
}

/**
 * When each piece of a segment's text is said.
 *
 * With word times: the letters of the text are matched with those of the words, since punctuation and the writing
 * of numbers change the text and not the words; what has no match lies between its neighbours. Without: the time of
 * the segment is shared out by the room that a piece takes on a line, which is near the number of its syllables.
 * Times never go back, and stay inside the segment unless words lie outside of it.
 */
export function timesOf(atoms: readonly Atom[], speech: Speech): Timed[] {
  const known = speech.words && speech.words.length > 0 ? matched(atoms, speech.words) : [];
  return interpolated(atoms, known, speech);
}

/** Times of the pieces that have letters in common with a word; the others are left out. */
function matched(atoms: readonly Atom[], words: readonly TimedWord[]): (Timed | undefined)[] {
  const text = atoms.flatMap(({ text: piece }, atom) => lettersOf(piece).map((letter) => ({ letter, atom })));
  const said = words.flatMap(timedLetters);
  const times: (Timed | undefined)[] = atoms.map(() => undefined);
  for (const [at, saidAt] of commonLetters(
    text.map(({ letter }) => letter),
    said.map(({ letter }) => letter),
  )) {
    const [of, when] = [text[at], said[saidAt]];
    if (of === undefined || when === undefined) continue;
    times[of.atom] = { start: times[of.atom]?.start ?? when.start, end: when.end };
  }
  return times;
}

function timedLetters({ word, start, end }: TimedWord): { letter: string; start: number; end: number }[] {
  const letters = lettersOf(word);
  const each = (end - start) / letters.length;
  return letters.map((letter, index) => ({
    letter,
    start: start + index * each,
    end: index === letters.length - 1 ? end : start + (index + 1) * each,
  }));
}

/** What of a text is said aloud. */
function lettersOf(text: string): string[] {
  return (
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]/gu) ?? []
  );
}

/** Larger tables than this are not made; two minutes of speech without a letter in common fill it. */
const mostCells = 4_000_000;

/** Places of a longest common subsequence of two texts, in order. */
function commonLetters(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const pairs: (readonly [number, number])[] = [];
  for (let at = 0; at < head; at++) pairs.push([at, at]);
  const middle = inTable(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  for (const [at, other] of middle) pairs.push([at + head, other + head]);
  for (let left = tail; left > 0; left--) pairs.push([a.length - left, b.length - left]);
  return pairs;
}

function inTable(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  if (a.length * b.length === 0 || a.length * b.length > mostCells) return [];
  const columns = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * columns);
  const at = (row: number, column: number) => longest[row * columns + column] ?? 0;
  for (let row = a.length - 1; row >= 0; row--) {
    for (let column = b.length - 1; column >= 0; column--) {
      longest[row * columns + column] =
        a[row] === b[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  let [row, column] = [0, 0];
  while (row < a.length && column < b.length) {
    if (a[row] === b[column]) pairs.push([row++, column++]);
    else if (at(row + 1, column) >= at(row, column + 1)) row++;
    else column++;
  }
  return pairs;
}

/** Gives the pieces without a time what lies between their neighbours, shared out by their width. */
function interpolated(atoms: readonly Atom[], known: readonly (Timed | undefined)[], { start, end }: Speech): Timed[] {
  const times: Timed[] = [];
  let now = start;
  let at = 0;
  const firstKnown = known.find((time) => time !== undefined);
  if (firstKnown !== undefined) now = Math.min(start, firstKnown.start);
  while (at < atoms.length) {
    const time = known[at];
    if (time === undefined) {
      let to = at;
      while (to < atoms.length && known[to] === undefined) to++;
      const until = Math.max(now, known[to]?.start ?? end);
      shareOut(atoms.slice(at, to), now, until, times);
      now = until;
      at = to;
    } else {
      const from = Math.max(now, time.start);
      now = Math.max(from, time.end);
      times.push({ start: from, end: now });
      at++;
    }
  }
  return times;
}

function shareOut(atoms: readonly Atom[], start: number, end: number, times: Timed[]): void {
  const total = atoms.reduce((sum, { width }) => sum + width, 0);
  let passed = 0;
  for (const { width } of atoms) {
    const from = start + ((end - start) * passed) / total;
    passed += width;
    times.push({ start: from, end: passed === total ? end : start + ((end - start) * passed) / total });
  }
}
