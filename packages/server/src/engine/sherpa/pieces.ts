import { bytesOf } from "./byte-bpe.ts";

/** A stretch of text with the time at which it begins, seconds. */
export interface Piece {
  readonly text: string;
  readonly startSeconds: number;
}

/**
 * Readable text out of tokens, some of which are single bytes (`<0xE4>`) or bytes in disguise: those make a character
 * only together.
 * @param text of all tokens, from which byte-level BPE is known: it is not what the tokens read
 */
export function piecesOf(tokens: readonly string[], starts: readonly number[], text: string): readonly Piece[] {
  const disguised = isByteBpe(tokens, text);
  const pieces: Piece[] = [];
  let decoder = new TextDecoder();
  let pendingBytes = 0;
  let pendingStart = 0;
  const add = (piece: string, startSeconds: number): void => {
    if (piece !== "") pieces.push({ text: piece, startSeconds });
  };
  const flush = (): void => {
    if (pendingBytes > 0) add(decoder.decode(), pendingStart);
    decoder = new TextDecoder();
    pendingBytes = 0;
  };
  for (const [index, token] of tokens.entries()) {
    const startSeconds = starts[index];
    if (startSeconds === undefined) break;
    const { readable, bytes } = split(token, disguised);
    if (readable !== "") {
      flush();
      add(readable, startSeconds);
    }
    if (bytes.length === 0) continue;
    if (pendingBytes === 0) pendingStart = startSeconds;
    const whole = decoder.decode(bytes, { stream: true });
    add(whole, pendingStart);
    // What begins in this token and is not whole yet waits for the next ones.
    if (whole !== "") pendingStart = startSeconds;
    pendingBytes = Math.max(0, pendingBytes + bytes.length - Buffer.byteLength(whole));
  }
  flush();
  return pieces;
}

function split(token: string, disguised: boolean): { readonly readable: string; readonly bytes: Uint8Array } {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
  if (byte !== undefined) return { readable: "", bytes: Uint8Array.of(Number.parseInt(byte, 16)) };
  if (!disguised) return { readable: token, bytes: new Uint8Array() };
  const bare = token.replace(/^▁/, "");
  return { readable: bare === token ? "" : " ", bytes: bytesOf(bare) ?? new Uint8Array() };
}

function isByteBpe(tokens: readonly string[], text: string): boolean {
  const bare = tokens.map((token) => token.replace(/^▁/, ""));
  return withoutSpaces(bare.join("")) !== withoutSpaces(text) && bare.every((token) => bytesOf(token) !== undefined);
}

function withoutSpaces(text: string): string {
  return text.replaceAll(/\s/g, "");
}
