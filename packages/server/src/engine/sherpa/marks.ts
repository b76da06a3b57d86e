import { basename } from "node:path";
import { readTokens } from "../detect/tokens.ts";

/** A model that was trained on text with punctuation has the marks among its tokens. */
export async function knowsMarks(file: (role: string) => string): Promise<boolean> {
  const path = file("tokens");
  const { numbers } = await readTokens(basename(path), path);
  const known = (mark: string) => numbers.has(mark) || numbers.has(`▁${mark}`);
  return [",", ".", "?"].every(known) || ["，", "。", "？"].every(known);
}
