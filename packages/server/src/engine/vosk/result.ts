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
 * @param shiftSeconds is added to all times
 * @returns undefined where nothing was said
 * @throws VoxpoolError `decode_failed` when the text is no result of libvosk
 */
export function parseVoskResult(json: string, shiftSeconds: number, withWords: boolean): RecognizedSpan | undefined {
  const { text, words } = read(json, shiftSeconds);
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

function read(json: string, shiftSeconds: number): { text: string; words: RecognizedWord[] } {
  try {
    const { text, result = [] } = Value.Parse(VoskResult, JSON.parse(json));
    return { text: text.trim(), words: result.map((word) => asWord(word, shiftSeconds)) };
  } catch (error) {
    throw new VoxpoolError("decode_failed", { detail: "libvosk gave an unreadable result" }, { cause: error });
  }
}

type VoskWord = NonNullable<Static<typeof VoskResult>["result"]>[number];

function asWord({ word, start, end, conf }: VoskWord, shiftSeconds: number): RecognizedWord {
  return {
    word,
    startSeconds: shifted(start, shiftSeconds),
    endSeconds: shifted(end, shiftSeconds),
    confidence: Math.min(1, Math.max(0, conf)),
  };
}

/** In whole microseconds, as libvosk writes times; never before the session. */
function shifted(seconds: number, shiftSeconds: number): number {
  return Math.max(0, Math.round((seconds + shiftSeconds) * 1e6) / 1e6);
}
