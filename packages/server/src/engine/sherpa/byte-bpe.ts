/** Characters that the alphabet leaves out: letters that Unicode takes for another one or two. */
const leftOut = new Set([0x132, 0x133, 0x13f, 0x140, 0x149, 0x17f]);

/** The byte of each character of the alphabet: printable ASCII is itself, the other bytes follow from U+0100 on. */
const bytes = alphabet();

/**
 * Text out of tokens of byte-level BPE, which write each byte as a printable character (icefall's alphabet).
 * @returns undefined when a character is none of the alphabet
 */
export function bytesOf(token: string): Uint8Array | undefined {
  const found = Array.from(token, (character) => bytes.get(character));
  return found.includes(undefined) ? undefined : Uint8Array.from(found as number[]);
}

function alphabet(): ReadonlyMap<string, number> {
  const byCharacter = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    if (byte >= 0x20 && byte < 0x7f) {
      byCharacter.set(String.fromCharCode(byte), byte);
      continue;
    }
    while (leftOut.has(next)) next++;
    byCharacter.set(String.fromCharCode(next++), byte);
  }
  // What SentencePiece puts for a space that it does not know.
  return byCharacter.set("⁇", 0x20);
}
