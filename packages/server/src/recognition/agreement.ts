import { joinText } from "../engine/text/join.ts";

/** What is shown of an utterance under way. */
export interface Shown {
  readonly text: string;
  /** The beginning of `text` that stays. */
  readonly stable: string;
  /** The last hypotheses, the newest first. */
  readonly heard: readonly string[];
}

export const nothingShown: Shown = { text: "", stable: "", heard: [] };

/** How many hypotheses in a row have to agree on what is shown, and on what is stable. */
export interface Agreement {
  /** At 1 a hypothesis is shown as it is. */
  readonly text: number;
  readonly stable: number;
  /** So many words at the end of what is agreed on are not stable yet: what follows may change them. */
  readonly openWords: number;
}

/** A longer utterance is not compared word by word: no speech is as long, but a model that repeats itself is. */
const mostUnits = 400;

/**
 * What is shown once something else is heard of the same utterance. Pure.
 *
 * What successive hypotheses begin with alike is shown, and with one more of them it is stable ("local agreement", Liu
 * et al. 2020), up to the end of a word, or of a character where words are not parted, and without the marks behind
 * it, which depend on what follows. What is shown goes only when the hypotheses agree on something else in its place,
 * so that one that is out of tune changes nothing. What is stable is never taken back: where it is contradicted it is
 * kept, and the text goes on with what was heard behind the part that resembles it most.
 * @param heard the hypothesis, as `joinText` gives it
 */
export function showNext(before: Shown, heard: string, agreement: Agreement): Shown {
  const latest = [heard, ...before.heard].slice(0, Math.max(agreement.text, agreement.stable));
  const text = agreement.text === 1 ? keepStable(before.stable, heard) : settledText(before, latest, agreement);
  const agreed = agreedOn(latest, agreement.stable);
  const length = alike(unitsOf(text), unitsOf(agreed)) - agreement.openWords;
  const stable = firstUnits(text, length);
  return { text, stable: stable.length > before.stable.length ? stable : before.stable, heard: latest };
}

/**
 * A text that begins with what is stable: itself, or, where it says something else, what is stable and then its own
 * words behind the part that resembles that most. Pure.
 */
export function keepStable(stable: string, text: string): string {
  return continues(text, stable) ? text : joinText([stable, behind(text, stable)]);
}

/**
 * As `keepStable`, of a text that may end before what is stable does, because speech was cut in the middle: then so
 * much of that is kept as the text resembles most. Pure.
 */
export function keepStableOfCut(stable: string, text: string): string {
  const units = unitsOf(stable);
  const [known, heard] = [units.map(bare), unitsOf(text).map(bare)];
  return keepStable(units.slice(0, resembling(heard, known.slice(0, mostUnits))).join(""), text);
}

const marksAtEnd = /[\p{P}\p{S}\s]+$/u;

/** A text without the marks behind its last word, which depend on what follows. */
export const withoutMarks = (text: string): string => text.replace(marksAtEnd, "");

/** What is written without spaces between words. */
const alone =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Bopomofo}\\p{Script=Thai}\\p{Script=Lao}" +
  "\\p{Script=Khmer}\\p{Script=Myanmar}\\u3000-\\u303F\\uFF01-\\uFF9F";

/** A character that stands for itself, or a run of others; with the space before it. */
const unit = new RegExp(`\\s*(?:[${alone}]\\p{M}*|[^\\s${alone}]+)`, "gu");

const unitsOf = (text: string): readonly string[] => text.match(unit) ?? [];

const bare = (text: string): string => withoutMarks(text.trim()).toLowerCase();

/** Without the marks behind them. */
function firstUnits(text: string, count: number): string {
  const units = unitsOf(text).slice(0, Math.max(0, count));
  return withoutMarks(units.join(""));
}

/** How many units at their beginning are the same, but for marks and case. */
function alike(one: readonly string[], other: readonly string[]): number {
  const most = Math.min(one.length, other.length);
  let count = 0;
  while (count < most && bare(one[count] ?? "") === bare(other[count] ?? "")) count += 1;
  return count;
}

/** What the latest so many hypotheses begin with alike, as the newest writes it; nothing if there are fewer. */
function agreedOn(latest: readonly string[], count: number): string {
  const [newest = "", ...others] = latest.slice(0, count);
  if (others.length < count - 1) return "";
  const units = unitsOf(newest);
  const length = Math.min(units.length, ...others.map((other) => alike(units, unitsOf(other))));
  return firstUnits(newest, length);
}

/** What is agreed on; at first, so that nobody waits for a second hypothesis, the first word of one that goes on. */
function settledText(before: Shown, latest: readonly string[], { text }: Agreement): string {
  const agreed = goOn(before, agreedOn(latest, text));
  const [newest = ""] = latest;
  return agreed === "" && unitsOf(newest).length > 1 ? firstUnits(newest, 1) : agreed;
}

/** What is shown with what is agreed on behind it, or in place of what contradicts it. */
function goOn({ text, stable }: Shown, agreed: string): string {
  const [shown, next] = [unitsOf(text), unitsOf(agreed)];
  const same = alike(shown, next);
  if (same === next.length) return text;
  if (same < unitsOf(stable).length) return keepStable(stable, agreed);
  return firstUnits(text, same) + agreed.slice(firstUnits(agreed, same).length);
}

/** Whether a text begins with another one and no word goes on over its end; marks behind a word are no other word. */
function continues(text: string, beginning: string): boolean {
  if (!text.startsWith(beginning)) return false;
  let to = 0;
  for (const one of unitsOf(text)) {
    if (to >= beginning.length) break;
    to += one.length;
  }
  return withoutMarks(text.slice(beginning.length, to)) === "";
}

/** What a hypothesis has behind the part that resembles `beginning` most. */
function behind(heard: string, beginning: string): string {
  const known = unitsOf(beginning).map(bare);
  const units = unitsOf(heard);
  return units.slice(resembling(known, units.slice(0, mostUnits).map(bare))).join("");
}

/** How many units of `heard` resemble `known` most (edit distance); of several such numbers the one nearest to its own. */
function resembling(known: readonly string[], heard: readonly string[]): number {
  if (known.length > mostUnits) return Math.min(known.length, heard.length);
  let distances = Array.from({ length: heard.length + 1 }, (_, at) => at);
  for (const [row, word] of known.entries()) {
    const next = [row + 1];
    for (const [at, other] of heard.entries()) {
      const replaced = (distances[at] ?? 0) + (word === other ? 0 : 1);
      next.push(Math.min(replaced, (distances[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    distances = next;
  }
  let best = 0;
  for (const [at, distance] of distances.entries()) {
    const least = distances[best] ?? 0;
    const isNearer = Math.abs(at - known.length) < Math.abs(best - known.length);
    if (distance < least || (distance === least && isNearer)) best = at;
  }
  return best;
}
