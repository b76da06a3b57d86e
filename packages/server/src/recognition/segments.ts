import { type EngineInfo, type RecognizedSpan, type RecognizedWord, sampleRateHz } from "../engine/engine.ts";
import { characterWords } from "../engine/text/words.ts";
import type { OpenSession, Segment } from "./types.ts";

const chinese: ReadonlySet<string> = new Set(["zh", "yue"]);

/** What was recognised as the segment that the caller sees. Times to the millisecond: finer digits would be noise. */
export function toSegment(id: number, span: RecognizedSpan, words: readonly RecognizedWord[] | undefined): Segment {
  return {
    id,
    start: seconds(span.startSeconds),
    end: seconds(span.endSeconds),
    text: span.text,
    ...(span.confidence !== undefined && { confidence: span.confidence }),
    ...(words && { words: words.map(toWord) }),
  };
}

/** The words as the caller wants them; in Chinese, words are characters. */
export function wordsOf(
  { words }: RecognizedSpan,
  options: Pick<OpenSession, "words" | "language" | "isVerbatim">,
  info: EngineInfo,
): readonly RecognizedWord[] | undefined {
  if (options.words === "no" || words === undefined) return undefined;
  if (options.isVerbatim === true) return words;
  const languages = options.language === undefined ? info.languages : [options.language];
  return languages.some((language) => chinese.has(language)) ? characterWords(words) : words;
}

/** A span that counts from a sample of the session, as one that counts from the session's first. */
export function shiftedSpan(span: RecognizedSpan, samples: number): RecognizedSpan {
  if (samples === 0) return span;
  const shift = <T extends { readonly startSeconds: number; readonly endSeconds: number }>(times: T): T => ({
    ...times,
    startSeconds: times.startSeconds + samples / sampleRateHz,
    endSeconds: times.endSeconds + samples / sampleRateHz,
  });
  return span.words ? { ...shift(span), words: span.words.map(shift) } : shift(span);
}

function toWord(word: RecognizedWord) {
  return {
    word: word.word,
    start: seconds(word.startSeconds),
    end: seconds(word.endSeconds),
    ...(word.confidence !== undefined && { confidence: word.confidence }),
  };
}

const seconds = (value: number): number => Math.round(value * 1000) / 1000;
