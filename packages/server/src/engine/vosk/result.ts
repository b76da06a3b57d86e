import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import { VoxpoolError } from "../../base/errors.ts";
import type { RecognizedSpan, RecognizedWord } from "../engine.ts";

const Word = Type.Object({
  word: Type.String(),
  start: Type.Number(),
  end: Type.Number(),
  /** Missing where there are several readings. */
  conf: Type.Optional(Type.Number()),
});

/** One reading of an utterance; times in seconds from the recogniser's first sample. */
const Reading = Type.Object({
  text: Type.String(),
  result: Type.Optional(Type.Array(Word)),
  /** Of readings among several: a logarithm, no probability. */
  confidence: Type.Optional(Type.Number()),
});

/** A result of libvosk. */
const VoskResult = Type.Object({
  ...Reading.properties,
  text: Type.Optional(Type.String()),
  alternatives: Type.Optional(Type.Array(Reading)),
  spk: Type.Optional(Type.Array(Type.Number())),
});

const Partial = Type.Object({ partial: Type.Optional(Type.String()) });

/**
 * One result of libvosk (with `set_words`) as a span; the text is kept as Vosk says it, spaces included.
 * @param shiftSeconds is added to all times
 * @returns undefined where nothing was said
 * @throws VoxpoolError `decode_failed` when the text is no result of libvosk
 */
export function parseVoskResult(json: string, shiftSeconds: number, withWords: boolean): RecognizedSpan | undefined {
  const { alternatives, spk, text = "", result = [] } = read(json, VoskResult);
  const best = alternatives?.[0] ?? { text, result };
  const words = (best.result ?? []).map((word) => asWord(word, shiftSeconds));
  const [first, last] = [words[0], words.at(-1)];
  if (best.text.trim() === "" || first === undefined || last === undefined) return undefined;
  return {
    text: best.text.trim(),
    startSeconds: first.startSeconds,
    endSeconds: Math.max(first.startSeconds, last.endSeconds),
    ...confidenceOf(words),
    ...(withWords && { words }),
    ...(alternatives && { alternatives: alternatives.map(asAlternative) }),
    ...(spk && { speaker: spk }),
  };
}

/**
 * A partial result of libvosk: the text so far, empty where nothing was said.
 * @throws VoxpoolError `decode_failed` when the text is no result of libvosk
 */
export function parseVoskPartial(json: string): string {
  return (read(json, Partial).partial ?? "").trim();
}

function read<Schema extends typeof VoskResult | typeof Partial>(json: string, schema: Schema): Static<Schema> {
  try {
    return Value.Parse(schema, JSON.parse(json));
  } catch (error) {
    throw new VoxpoolError("decode_failed", { detail: "libvosk gave an unreadable result" }, { cause: error });
  }
}

function confidenceOf(words: readonly RecognizedWord[]): { readonly confidence?: number } {
  const known = words.flatMap(({ confidence }) => (confidence === undefined ? [] : [confidence]));
  if (known.length < words.length) return {};
  return { confidence: known.reduce((sum, confidence) => sum + confidence, 0) / known.length };
}

function asAlternative({ text, confidence }: Static<typeof Reading>) {
  return { text: text.trim(), ...(confidence !== undefined && { confidence }) };
}

function asWord({ word, start, end, conf }: Static<typeof Word>, shiftSeconds: number): RecognizedWord {
  return {
    word,
    startSeconds: shifted(start, shiftSeconds),
    endSeconds: shifted(end, shiftSeconds),
    ...(conf !== undefined && { confidence: Math.min(1, Math.max(0, conf)) }),
  };
}

/** In whole microseconds, as libvosk writes times; never before the session. */
function shifted(seconds: number, shiftSeconds: number): number {
  return Math.max(0, Math.round((seconds + shiftSeconds) * 1e6) / 1e6);
}
