import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import { VoxpoolError } from "../../base/errors.ts";
import type { RecognizedSpan, RecognizedWord } from "../engine.ts";

/** A result of libvosk; times in seconds from the recogniser's first sample. */
const VoskResult = Type.Object({
  text: Type.String(),
  result: Type.Optional(
    Type.Array(Type.Object({ word: Type.String(), start: Type.Number(), end: Type.Number(), conf: Type.Number() })),
  ),
});

/**
 * One result of libvosk (with `set_words`) as a span; the text is kept as Vosk says it, spaces included.
 * @returns undefined where nothing was said
 * @throws VoxpoolError `decode_failed` when the text is no result of libvosk
 */
export function parseVoskResult(json: string, withWords: boolean): RecognizedSpan | undefined {
  const { text, words } = read(json);
  const first = words[0];
  const last = words.at(-1);
  if (text === "" || first === undefined || last === undefined) return undefined;
  const span = {
    text,
    startSeconds: first.startSeconds,
    endSeconds: Math.max(first.startSeconds, last.endSeconds),
    confidence: words.reduce((sum, word) => sum + (word.confidence ?? 0), 0) / words.length,
  };
  return withWords ? { ...span, words } : span;
}

function read(json: string): { text: string; words: RecognizedWord[] } {
  try {
    const { text, result = [] } = Value.Parse(VoskResult, JSON.parse(json));
    return { text: text.trim(), words: result.map(asWord) };
  } catch (error) {
    throw new VoxpoolError("decode_failed", { detail: "libvosk gave an unreadable result" }, { cause: error });
  }
}

type VoskWord = NonNullable<Static<typeof VoskResult>["result"]>[number];

function asWord({ word, start, end, conf }: VoskWord): RecognizedWord {
  return { word, startSeconds: start, endSeconds: end, confidence: Math.min(1, Math.max(0, conf)) };
}
