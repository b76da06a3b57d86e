import type { LiveEvent } from "@voxpool/client/contract";

type Final = Pick<Extract<LiveEvent, { type: "final" }>, "segment" | "alternatives">;

/** How results are written; as the connection's configuration says. */
export interface ReplyForm {
  readonly words: boolean;
  /** Above 0: results are lists of readings. */
  readonly alternatives: number;
}

/**
 * What is heard of a connection and not said yet. A reply takes the finals that have come, joined, or else the words of
 * the utterance under way: a final never waits behind a partial, and a late one waits for the next reply.
 */
export class Replies {
  #finals: Final[] = [];
  #partial = "";

  heard(final: Final): void {
    this.#finals.push(final);
    this.#partial = "";
  }

  hearing(text: string): void {
    this.#partial = text;
  }

  /** The answer to audio. */
  next(form: ReplyForm): string {
    return this.#finals.length > 0 ? this.rest(form) : JSON.stringify({ partial: this.#partial });
  }

  /** The answer to `eof` and `reset`: a result, empty if there was no speech. */
  rest(form: ReplyForm): string {
    const finals = this.#finals;
    this.#finals = [];
    this.#partial = "";
    return JSON.stringify(form.alternatives > 0 ? readings(finals, form) : result(finals, form));
  }
}

function result(finals: readonly Final[], form: ReplyForm): object {
  const text = joined(finals.map(({ segment }) => segment.text));
  const words = finals.flatMap(({ segment }) => segment.words ?? []);
  if (!form.words || words.length === 0) return { text };
  return {
    result: words.map(({ word, start, end, confidence }) => ({ conf: confidence ?? 1, end, start, word })),
    text,
  };
}

interface ReplyWord {
  readonly start: number;
  readonly end: number;
  readonly word: string;
}

/** Several utterances have one reading together: the best of each. The words are those of the best. */
function readings(finals: readonly Final[], form: ReplyForm): object {
  const { text, result: words } = result(finals, form) as { text: string; result?: readonly ReplyWord[] };
  const timed = words && { result: words.map(({ start, end, word }) => ({ start, end, word })) };
  const [first, ...more] = finals;
  const [best, ...others] = first?.alternatives ?? [];
  const confidence = best?.confidence ?? first?.segment.confidence ?? 0;
  const rest = more.length > 0 ? [] : others;
  return {
    alternatives: [
      { confidence, ...timed, text },
      ...rest.map((other) => ({ confidence: other.confidence ?? 0, text: other.text })),
    ],
  };
}

const joined = (texts: readonly string[]): string => texts.filter((text) => text !== "").join(" ");
