import type { RecognizedWord } from "../engine.ts";
import { type Piece, piecesOf } from "./pieces.ts";

/** What a token covers at most beyond its start: CTC says when a token begins, not when it ends. */
const tokenSeconds = 0.2;

/** Scripts without spaces between words: there a character is a word. */
const characterIsWord = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

const punctuation = /^\s*\p{P}+\s*$/u;

export interface Heard {
  /** Length of the audio, seconds: no word ends later. */
  readonly endSeconds: number;
  /** What sherpa made of all tokens. */
  readonly text: string;
  /** Whether tokens are words, with `@@` behind those that go on; otherwise they bring their spaces. */
  readonly wordTokens: boolean;
}

/**
 * Words out of tokens with start times, in seconds.
 *
 * A word begins where the tokens say so, and at every Han or Kana character; punctuation stays with the word before
 * it. A word ends where the next token begins, at most 0.2 s after the start of its own last token, and never after
 * the audio.
 */
export function wordsFromTokens(
  tokens: readonly string[],
  starts: readonly number[],
  { endSeconds, text, wordTokens }: Heard,
): readonly RecognizedWord[] {
  const pieces = wordTokens ? spaced(tokens, starts) : piecesOf(tokens, starts, text);
  const words: RecognizedWord[] = [];
  for (const [index, piece] of pieces.entries()) {
    const word = piece.text.trim();
    if (word === "") continue;
    const next = pieces[index + 1]?.startSeconds ?? endSeconds;
    const end = Math.max(piece.startSeconds, Math.min(next, piece.startSeconds + tokenSeconds, endSeconds));
    const last = words.at(-1);
    if (last === undefined || beginsWord(piece.text, pieces[index - 1]?.text ?? "")) {
      words.push({ word, startSeconds: piece.startSeconds, endSeconds: end });
    } else {
      words[words.length - 1] = { ...last, word: last.word + word, endSeconds: end };
    }
  }
  return words.map((word) => ({ ...word, endSeconds: Math.round(word.endSeconds * 1000) / 1000 }));
}

/**
 * The text that tokens make, as the library joins them before it rewrites anything.
 * @param wordTokens whether tokens are words or characters; otherwise they bring their spaces
 * @param text what the library made of them
 */
export function textFromTokens(tokens: readonly string[], wordTokens: boolean, text: string = tokens.join("")): string {
  const starts = tokens.map(() => 0);
  const pieces = wordTokens ? spaced(tokens, starts) : piecesOf(tokens, starts, text);
  const joined = pieces.map((piece) => piece.text).join("");
  return wordTokens ? joined.trimStart() : joined;
}

function beginsWord(text: string, previous: string): boolean {
  if (punctuation.test(text)) return false;
  return (
    /^\s/.test(text) || /\s$/.test(previous) || characterIsWord.test(text) || characterIsWord.test(previous.trim())
  );
}

/** `wor@@`, `ld`, `你` as `wor`, `ld`, ` 你`. */
function spaced(tokens: readonly string[], starts: readonly number[]): readonly Piece[] {
  return tokens.slice(0, starts.length).map((token, index) => {
    const goesOn = tokens[index - 1]?.endsWith("@@") === true;
    return { text: (goesOn ? "" : " ") + token.replace(/@@$/, ""), startSeconds: starts[index] ?? 0 };
  });
}
