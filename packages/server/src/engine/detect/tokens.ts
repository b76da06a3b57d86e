import { refuseDisguise } from "./disguise.ts";
import { invalidFile } from "./invalid.ts";
import { withReader } from "./reader.ts";

/** The largest tables have 150,000 tokens. */
const maxTokensBytes = 16 * 1024 * 1024;
const chunkBytes = 65_536;

/** A table of tokens. */
export interface Tokens {
  /** The number of each token. */
  readonly numbers: ReadonlyMap<string, number>;
  /** How many different numbers there are. */
  readonly count: number;
}

/**
 * The tokens of a table with a token and its number on each line; a line with a number alone is the space.
 * @throws VoxpoolError `model_files_invalid` when it is another kind of file
 */
export async function readTokens(name: string, path: string): Promise<Tokens> {
  const text = await withReader(name, path, async (reader) => {
    await refuseDisguise(name, reader);
    if (reader.sizeBytes > maxTokensBytes) throw invalidFile(name, "is too large for a table of tokens");
    const chunks: Buffer[] = [];
    for (let position = 0; position < reader.sizeBytes; position += chunkBytes) {
      chunks.push(await reader.bytes(position, chunkBytes));
    }
    return decode(name, Buffer.concat(chunks));
  });
  return parse(name, text);
}

function decode(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw invalidFile(name, "is not UTF-8 text", error);
  }
}

function parse(name: string, text: string): Tokens {
  const numbers = new Map<string, number>();
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const [first = "", second, ...more] = line.split(/[ \t\r\v\f]+/).filter((part) => part !== "");
    const number = second ?? first;
    if (more.length > 0 || !/^\d{1,9}$/.test(number)) {
      throw invalidFile(name, `is no table of tokens: line ${index + 1} is not a token and its number`);
    }
    numbers.set(second === undefined ? " " : first, Number(number));
  }
  if (numbers.size === 0) throw invalidFile(name, "has no tokens");
  return { numbers, count: new Set(numbers.values()).size };
}
