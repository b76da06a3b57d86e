import { textOf } from "../api/dialogue.ts";

/** The pieces of a streamed text: joined, they are the text of the whole. */
export interface TextDeltas {
  /** What the next segment adds, with what stands before it; empty for silence. */
  next(segment: { readonly text: string }): string;
}

export function createTextDeltas(): TextDeltas {
  let last = "";
  return {
    next({ text }) {
      const before = textOf([{ text: last }]);
      const both = textOf([{ text: last }, { text }]);
      if (both.length === before.length) return "";
      last = text;
      return both.slice(before.length);
    },
  };
}
