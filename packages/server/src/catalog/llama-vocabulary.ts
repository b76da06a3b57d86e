/** How many pieces the vocabulary has that Moonshine uses. */
const pieces = 32_000;

/**
 * The vocabulary out of the source text of `llama-tokenizer-js` (`vocabById`), read as data: it is one string
 * constant, Base64 of the pieces in the order of their ids, one a line. Nothing of the package is run.
 * @throws Error if the text is not of that form
 */
export function readLlamaVocabulary(source: string): readonly string[] {
  const encoded = /\bllama_vocab_base64\s*=\s*"([A-Za-z0-9+/]+={0,2})"/.exec(source)?.[1];
  const vocabulary = Buffer.from(encoded ?? "", "base64")
    .toString("utf8")
    .split("\n");
  if (vocabulary.length !== pieces || vocabulary.slice(0, 4).join(" ") !== "<unk> <s> </s> <0x00>") {
    throw new Error(`the vocabulary has not the ${pieces} pieces that it should have`);
  }
  return vocabulary;
}
