import type { RecognizedWord } from "../engine.ts";

/** A Han character with its marks and the punctuation behind it, or a run of anything else. */
const units = /\p{Script=Han}[\p{M}\p{P}]*|(?:(?!\p{Script=Han}).)+/gsu;
const han = /\p{Script=Han}/u;
const kana = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * Words as Chinese readers count them: each Han character is one. A word's time is shared evenly among its parts;
 * what stands in it in other letters (`卡拉ok`) stays together. Call it for Chinese: in Japanese a word of Han
 * characters alone looks the same and is split too; words with Kana are left whole.
 */
export function characterWords(words: readonly RecognizedWord[]): RecognizedWord[] {
  return words.flatMap((word) => (han.test(word.word) && !kana.test(word.word) ? split(word) : [word]));
}

function split(word: RecognizedWord): RecognizedWord[] {
  const parts = word.word.match(units) ?? [];
  const partSeconds = (word.endSeconds - word.startSeconds) / parts.length;
  return parts.map((part, index) => ({
    ...word,
    word: part,
    startSeconds: word.startSeconds + index * partSeconds,
    endSeconds: index === parts.length - 1 ? word.endSeconds : word.startSeconds + (index + 1) * partSeconds,
  }));
}
