import cliProgress from "cli-progress";
import type { CommandContext } from "./context.ts";
import { printable } from "./format.ts";

/** One line at the bottom of a terminal that says how far the work is. */
export interface StatusLine {
  show(text: string): void;
  /** Takes the line away. Safe to call twice, and it can be shown again. */
  clear(): void;
}

/** The line on standard error; one that shows nothing where that is no terminal. */
export function createStatusLine({ stderr, env }: Pick<CommandContext, "stderr" | "env">): StatusLine {
  if (!stderr.isTTY || env.TERM === "dumb") return { show: () => undefined, clear: () => undefined };
  const bar = new cliProgress.SingleBar({
    stream: withoutCursorMemory(stderr),
    format: (_options, _params, payload: { text?: string }) => payload.text ?? "",
    clearOnComplete: true,
    // Drawn again and again: log lines take its place.
    forceRedraw: true,
    gracefulExit: false,
  });
  return {
    show(text) {
      const payload = { text: printable(text).replaceAll("\n", " ") };
      if (bar.isActive) bar.update(payload);
      else bar.start(1, 0, payload);
    },
    clear: () => bar.stop(),
  };
}

/** The bar would go back to where it began, over the log lines that were written meanwhile. */
function withoutCursorMemory(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  const saveOrRestore = new Set(["\u001b7", "\u001b8"]);
  return new Proxy(stream, {
    get(target, name) {
      if (name === "write") {
        return (text: string, ...more: never[]) => saveOrRestore.has(text) || target.write(text, ...more);
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
