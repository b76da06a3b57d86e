import type { CommandContext } from "./context.ts";
import { createScreenLines, type LineText } from "./screen-lines.ts";

/** One line at the bottom of a terminal that says how far the work is. */
export interface StatusLine {
  show(text: LineText): void;
  /** Takes the line away. Safe to call twice, and it can be shown again. */
  clear(): void;
}

/** The line on standard error; one that shows nothing where that is no terminal. */
export function createStatusLine(context: Pick<CommandContext, "stderr" | "env">): StatusLine {
  const lines = createScreenLines(context);
  return { show: (text) => lines.show([text]), clear: () => lines.clear() };
}
