import { joinText } from "../engine/text/join.ts";
import { hasHan, lacksPunctuation, type Marks, marksIn, visibleLength, withMarks } from "../engine/text/marks.ts";
import type { Segment, SessionEvent } from "./types.ts";

/** Punctuates a text of so many seconds of speech; undefined if it cannot. */
export type Punctuate = (text: string, audioSeconds: number) => Promise<string | undefined>;

/** Speech after a longer pause is a new sentence. */
const pauseSeconds = 1.5;
/** So much is waited for before a segment is punctuated: what follows decides how it ends. */
const mostWaiting = 4;
const mostWaitingCharacters = 160;
/**
 * Longer segments are left alone, and longer ones before are not shown: no speech is as dense, but a model that
 * repeats itself is, and what a text without a mark costs grows with the cube of its length.
 */
const longestSegment = 500;
const longestBefore = 160;

/** A segment; recordings whose channels were recognised apart have neighbours in their own channel only. */
type Placed = Segment & { readonly channel?: number };

/**
 * Puts punctuation into the texts of final segments; words stay as they are.
 *
 * Not single cuts are punctuated but neighbours together: a cut is where somebody breathed, not where a sentence
 * ends. So a segment is given out once the next ones are known: when four, or 160 characters, are waiting, all but
 * the last; when a pause of 1.5 s follows, another channel speaks or the input ends, all of them. The segment before
 * them is shown to the model as well. Other events pass at once.
 */
export async function* punctuated(
  events: AsyncIterable<SessionEvent>,
  punctuate: Punctuate,
): AsyncGenerator<SessionEvent, void> {
  const run = new Neighbours(punctuate);
  let number = 0;
  const finals = (segments: readonly Segment[]): SessionEvent[] =>
    segments.map((segment) => ({ type: "final", number: ++number, segment }));
  for await (const event of events) {
    if (event.type === "final") yield* finals(await run.add(event.segment));
    else yield { ...event, number: ++number };
  }
  yield* finals(await run.end());
}

/** The same for speech that somebody waits for: each segment by itself, as soon as it is there. */
export async function* punctuatedAtOnce(
  events: AsyncIterable<SessionEvent>,
  punctuate: Punctuate,
): AsyncGenerator<SessionEvent, void> {
  const run = new Neighbours(punctuate);
  for await (const event of events) {
    yield event.type === "final" ? { ...event, segment: await run.alone(event.segment) } : event;
  }
}

/** Segments that may be parts of one sentence. */
class Neighbours {
  readonly #punctuate: Punctuate;
  /** As it was recognised; it was given out already. */
  #before: Placed | undefined;
  #waiting: Placed[] = [];

  constructor(punctuate: Punctuate) {
    this.#punctuate = punctuate;
  }

  /** Takes the next segment; gives those that are finished. */
  async add(segment: Placed): Promise<Segment[]> {
    if (!lacksPunctuation(segment.text) || segment.text.length > longestSegment)
      return [...(await this.end()), segment];
    const last = this.#waiting.at(-1) ?? this.#before;
    const finished = last === undefined || follows(last, segment) ? [] : await this.end();
    this.#waiting.push(segment);
    const characters = this.#waiting.reduce((sum, { text }) => sum + text.length, 0);
    if (this.#waiting.length < 2 || (this.#waiting.length < mostWaiting && characters < mostWaitingCharacters)) {
      return finished;
    }
    return [...finished, ...(await this.#give(this.#waiting.length - 1))];
  }

  /** Takes the next segment and gives it; what follows is not waited for. */
  async alone(segment: Placed): Promise<Segment> {
    const isLeftAlone = !lacksPunctuation(segment.text) || segment.text.length > longestSegment;
    if (isLeftAlone || (this.#before && !follows(this.#before, segment))) this.#before = undefined;
    if (isLeftAlone) return segment;
    this.#waiting.push(segment);
    const [given = segment] = await this.#give(1);
    return given;
  }

  /** Nothing follows: the rest. */
  async end(): Promise<Segment[]> {
    const finished = await this.#give(this.#waiting.length);
    this.#before = undefined;
    return finished;
  }

  async #give(count: number): Promise<Segment[]> {
    if (count === 0) return [];
    const shown = [...(this.#before ? [this.#before] : []), ...this.#waiting];
    const text = joinText(shown.map((segment) => segment.text));
    const seconds = this.#waiting.reduce((sum, { start, end }) => sum + end - start, 0);
    const answer = await this.#punctuate(text, seconds);
    const marks = answer === undefined ? undefined : marksIn(text, answer);
    const given = this.#waiting.splice(0, count);
    const offset = this.#before ? visibleLength(this.#before.text) : 0;
    const last = given.at(-1);
    this.#before = last !== undefined && last.text.length <= longestBefore ? last : undefined;
    return marks ? marked(given, marks, offset, hasHan(text)) : given;
  }
}

function follows(last: Placed, next: Placed): boolean {
  return last.channel === next.channel && next.start - last.end < pauseSeconds;
}

function marked(segments: readonly Segment[], marks: Marks, offset: number, chinese: boolean): Segment[] {
  let at = offset;
  return segments.map((segment) => {
    const text = joinText([withMarks(segment.text, marks, at, chinese)]);
    at += visibleLength(segment.text);
    return { ...segment, text };
  });
}
