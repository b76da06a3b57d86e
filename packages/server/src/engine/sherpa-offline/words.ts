import type { RecognizedWord } from "../engine.ts";

/** What a token covers at most beyond its start: CTC says when a token begins, not when it ends. */
const tokenSeconds = 0.2;

/** Scripts without spaces between words: there a character is a word. */
const characterIsWord = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

interface Piece {
  readonly text: string;
  readonly startSeconds: number;
}

/**
 * Words out of tokens with start times, in seconds.
 *
 * A word begins at a token with a leading space, and at every Han or Kana character. It ends where the next
 * token begins, at most 0.2 s after the start of its own last token, and never after `endSeconds`.
 */
export function wordsFromTokens(
  tokens: readonly string[],
  starts: readonly number[],
  endSeconds: number,
): readonly RecognizedWord[] {
  const pieces = withBytesJoined(tokens, starts);
  const words: RecognizedWord[] = [];
  for (const [index, piece] of pieces.entries()) {
    const text = piece.text.trim();
    if (text === "") continue;
    const next = pieces[index + 1]?.startSeconds ?? endSeconds;
    const end = Math.max(piece.startSeconds, Math.min(next, piece.startSeconds + tokenSeconds, endSeconds));
    const last = words.at(-1);
    if (last === undefined || beginsWord(piece.text, pieces[index - 1]?.text ?? "")) {
      words.push({ word: text, startSeconds: piece.startSeconds, endSeconds: end });
    } else {
      words[words.length - 1] = { ...last, word: last.word + text, endSeconds: end };
    }
  }
  return words.map((word) => ({ ...word, endSeconds: Math.round(word.endSeconds * 1000) / 1000 }));
}

/**
 * The text that tokens make, as the library joins them before it rewrites anything.
 * @param wordTokens whether tokens are words or characters; otherwise they bring their spaces
 */
export function textFromTokens(tokens: readonly string[], wordTokens: boolean): string {
  const starts = tokens.map(() => 0);
  const texts = withBytesJoined(tokens, starts).map(({ text }) => text);
  if (!wordTokens) return texts.join("");
  return texts
    .map((text, index) => (texts[index - 1]?.endsWith("@@") ? "" : " ") + text.replace(/@@$/, ""))
    .join("")
    .trimStart();
}

function beginsWord(text: string, previous: string): boolean {
  return (
    /^\s/.test(text) || /\s$/.test(previous) || characterIsWord.test(text) || characterIsWord.test(previous.trim())
  );
}

/** Tokens of single bytes (`<0xE4>`) stand for a character only together. */
function withBytesJoined(tokens: readonly string[], starts: readonly number[]): readonly Piece[] {
  const pieces: Piece[] = [];
  let bytes: number[] = [];
  let bytesStart = 0;
  const flush = (): void => {
    if (bytes.length > 0)
      pieces.push({ text: new TextDecoder().decode(Uint8Array.from(bytes)), startSeconds: bytesStart });
    bytes = [];
  };
  for (const [index, token] of tokens.entries()) {
    const startSeconds = starts[index];
    if (startSeconds === undefined) break;
    const byte = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
    if (byte === undefined) {
      flush();
      pieces.push({ text: token, startSeconds });
    } else {
      if (bytes.length === 0) bytesStart = startSeconds;
      bytes.push(Number.parseInt(byte, 16));
    }
  }
  flush();
  return pieces;
}
