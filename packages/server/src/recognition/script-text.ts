import { VoxpoolError } from "../base/errors.ts";
import { hasHan } from "../engine/text/marks.ts";
import type { Script, ScriptConverter } from "./script.ts";
import type { Segment, SessionEvent } from "./types.ts";

/** Writes the texts of one recognition in a script. */
export interface ScriptWriter {
  /**
   * The texts in the script, in their order; undefined if they have to stay as they are: a recognition is worth more
   * than its script. @throws the reason of the signal
   */
  write(texts: readonly string[]): Promise<readonly string[] | undefined>;
  /** Why some text stayed as it was, if one did. */
  readonly failure: VoxpoolError | undefined;
}

export interface ScriptWriterParts {
  readonly converter: Pick<ScriptConverter, "convert">;
  readonly script: Script;
  readonly signal?: AbortSignal;
}

/** No speech between two pauses has so many, but a model that repeats itself does. */
const mostCharacters = 100_000;

/** A thread that dies under a text may do so for another one's sake; the same text is tried once more. */
const attempts = 2;

export function createScriptWriter({ converter, script, signal }: ScriptWriterParts): ScriptWriter {
  let failure: VoxpoolError | undefined;
  /** A recognition must not wait for a thread that hangs at each of its segments. */
  let isGivenUp = false;
  return {
    get failure() {
      return failure;
    },
    async write(texts) {
      if (texts.reduce((sum, { length }) => sum + length, 0) > mostCharacters) {
        const detail = `it is longer than ${mostCharacters} characters`;
        failure ??= new VoxpoolError("option_invalid", { option: "script", detail });
        return undefined;
      }
      for (let attempt = 1; !isGivenUp; attempt++) {
        try {
          return await converter.convert(texts, script, signal);
        } catch (error) {
          signal?.throwIfAborted();
          isGivenUp = attempt === attempts;
          if (isGivenUp) failure = VoxpoolError.from(error);
        }
      }
      return undefined;
    },
  };
}

const kana = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;

/** The events with their segments and words in a script. Texts without Chinese, and Japanese ones, stay as they are. */
export async function* inScript(
  events: AsyncIterable<SessionEvent>,
  writer: ScriptWriter,
): AsyncGenerator<SessionEvent, void> {
  const partials = new WrittenPartials(writer);
  for await (const event of events) {
    if (event.type === "final" && isChinese(event.segment.text)) {
      yield { ...event, segment: await converted(event.segment, writer) };
    } else {
      yield event.type === "partial" && isChinese(event.text) ? await partials.written(event) : event;
    }
  }
}

const isChinese = (text: string): boolean => hasHan(text) && !kana.test(text);

type Partial = Extract<SessionEvent, { readonly type: "partial" }>;

/** Partials in a script. What is stable is written once: which character one becomes may depend on its neighbours. */
class WrittenPartials {
  readonly #writer: ScriptWriter;
  #id = -1;
  #stable = "";
  #written = "";

  constructor(writer: ScriptWriter) {
    this.#writer = writer;
  }

  async written(event: Partial): Promise<Partial> {
    const { id, text, stable } = event;
    if (id !== this.#id || !stable.startsWith(this.#stable)) [this.#id, this.#stable, this.#written] = [id, "", ""];
    const written = await this.#writer.write([stable.slice(this.#stable.length), text.slice(stable.length)]);
    if (written === undefined) return event;
    const [more = "", rest = ""] = written;
    this.#stable = stable;
    this.#written += more;
    return { ...event, text: this.#written + rest, stable: this.#written };
  }
}

/** Which character it becomes may depend on its neighbours, so words are cut out of their whole line again. */
async function converted(segment: Segment, writer: ScriptWriter): Promise<Segment> {
  const words = segment.words ?? [];
  const line = words.map(({ word }) => word).join("");
  const written = await writer.write([segment.text, line]);
  if (written === undefined) return segment;
  const [text = segment.text, newLine = ""] = written;
  if (segment.words === undefined) return { ...segment, text };
  const characters = Array.from(newLine);
  const sameLength = characters.length === Array.from(line).length;
  const newWords = sameLength ? cutAs(characters, words) : await writer.write(words.map(({ word }) => word));
  // Text and words in one script, or neither.
  if (newWords === undefined) return segment;
  return { ...segment, text, words: words.map((word, index) => ({ ...word, word: newWords[index] ?? word.word })) };
}

function cutAs(characters: readonly string[], words: readonly { readonly word: string }[]): readonly string[] {
  let at = 0;
  return words.map(({ word }) => {
    const from = at;
    at += Array.from(word).length;
    return characters.slice(from, at).join("");
  });
}
