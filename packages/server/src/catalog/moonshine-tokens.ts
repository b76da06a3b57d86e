/** Ids of `<unk>`, `<s>` and `</s>`: they are no text, and a space in their place is trimmed away. */
const specialIds = 3;

/**
 * The token table of Moonshine in the form that sherpa reads: a line `<base64 of the piece> <id>` for each id.
 *
 * `vocabById` is the SentencePiece vocabulary in the order of its ids (`▁` stands for a space, `<0xNN>` for
 * one byte of a character that has no piece of its own). Control bytes become spaces: the library cuts its
 * answer at a zero byte, and writes the others into JSON unescaped.
 */
export function moonshineTokenTable(vocabById: readonly string[]): string {
  return vocabById.map((piece, id) => `${bytesOf(piece, id).toString("base64")} ${id}\n`).join("");
}

function bytesOf(piece: string, id: number): Buffer {
  if (id < specialIds) return Buffer.from(" ");
  const byte = /^<0x([0-9A-F]{2})>$/.exec(piece)?.[1];
  if (byte === undefined) return Buffer.from(piece.replaceAll("▁", " "));
  const value = Number.parseInt(byte, 16);
  return Buffer.of(value < 0x20 || value === 0x7f ? 0x20 : value);
}
