import type { CommandContext } from "./context.ts";
import { formatDuration } from "./format.ts";
import { createStatusLine } from "./status-line.ts";

/** Shows on a terminal that something is under way, and for how long already, until `work` is done. */
export async function withActivity<T>(label: string, context: CommandContext, work: () => Promise<T>): Promise<T> {
  const line = createStatusLine(context);
  const startMs = Date.now();
  const draw = () => line.show(`${label}  ${formatDuration((Date.now() - startMs) / 1000, context.language)}`);
  // What is quick shows nothing.
  const timer = setInterval(draw, 1000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    line.clear();
  }
}
