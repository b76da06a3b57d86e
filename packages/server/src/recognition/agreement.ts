import { joinText } from "../engine/text/join.ts";

/** What is shown of an utterance under way. */
export interface Shown {
  readonly text: string;
  /** The beginning of `text` that stays. */
  readonly stable: string;
}

export const nothingShown: Shown = { text: "", stable: "" };

/** A longer utterance is not compared word by word: no speech is as long, but a model that repeats itself is. */
const mostUnits = 400;

/**
 * What is shown once something else is heard of the same utterance. Pure.
 *
 * What two successive hypotheses begin with alike becomes stable ("local agreement", Liu et al. 2020), up to the end of
 * a word, or of a character where words are not parted, and without the marks behind it, which depend on what follows.
 * It is never taken back: where a hypothesis contradicts it, what is stable is kept, and the text goes on with what the
 * hypothesis has behind the part that resembles it most.
 * @param heard the hypothesis, as `joinText` gives it
 */
export function showNext(before: Shown, heard: string): Shown {
  const { stable } = before;
  const text = continues(heard, stable) ? heard : joinText([stable, behind(heard, stable)]);
  const agreed = commonBeginning(before.text, text);
  return { text, stable: agreed.length > stable.length ? agreed : stable };
}

/** A character that stands for itself, or a run of others; with the space before it. */
const unit =
  /\s*(?:[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303F\uFF01-\uFF9F]\p{M}*|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303F\uFF01-\uFF9F]+)/gu;

const unitsOf = (text: string): readonly string[] => text.match(unit) ?? [];

const marksAtEnd = /[\p{P}\p{S}\s]+$/u;

/** Whether a text begins with another one and no word goes on over its end; marks behind a word are no other word. */
function continues(text: string, beginning: string): boolean {
  if (!text.startsWith(beginning)) return false;
  let to = 0;
  for (const one of unitsOf(text)) {
    if (to >= beginning.length) break;
    to += one.length;
  }
  return text.slice(beginning.length, to).replace(marksAtEnd, "") === "";
}

function commonBeginning(one: string, other: string): string {
  const units = unitsOf(other);
  let length = 0;
  for (const [at, before] of unitsOf(one).entries()) {
    if (units[at] !== before) break;
    length += before.length;
  }
  return other.slice(0, length).replace(marksAtEnd, "");
}

/** What a hypothesis has behind the part that resembles `beginning` most. */
function behind(heard: string, beginning: string): string {
  const known = unitsOf(beginning).map(bare);
  const units = unitsOf(heard);
  return units.slice(resembling(known, units.slice(0, mostUnits).map(bare))).join("");
}

const bare = (text: string): string => text.trim().replace(marksAtEnd, "").toLowerCase();

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
