import type { CommandContext } from "./context.ts";
import { shorten } from "./width.ts";

/** Lines at the bottom of a terminal that say how far the work is. */
export interface ScreenLines {
  /** The lines from now on; each is given the columns it may fill, and is cut to them. Drawn a few times a second. */
  show(lines: readonly LineText[]): void;
  /** Takes the lines away. Safe to call twice, and they can be shown again. */
  clear(): void;
  /** Takes the lines away while something else is written, and shows them again below it. */
  around(write: () => void): void;
}

export type LineText = string | ((columns: number) => string);

const redrawMs = 100;
/** For a terminal that does not know its size. */
const usualSize = { columns: 80, rows: 24 };

/** The lines on standard error; none are shown where that is no terminal. */
export function createScreenLines({ stderr, env }: Pick<CommandContext, "stderr" | "env">): ScreenLines {
  if (!stderr.isTTY || env.TERM === "dumb") return { show: () => {}, clear: () => {}, around: (write) => write() };
  let wanted: readonly LineText[] = [];
  let drawn = 0;
  let timer: NodeJS.Timeout | undefined;

  const erase = (): string => {
    const up = drawn > 1 ? `\u001b[${drawn - 1}A` : "";
    const text = drawn === 0 ? "" : `\r${up}\u001b[0J`;
    drawn = 0;
    return text;
  };
  const draw = (): void => {
    const { columns, rows } = sizeOf(stderr);
    // The last column stays free: a full line makes some terminals begin another one.
    const room = Math.max(1, columns - 1);
    const lines = wanted.slice(-Math.max(1, rows - 1));
    const texts = lines.map((line) => shorten(typeof line === "string" ? line : line(room), room));
    stderr.write(erase() + texts.join("\n"));
    drawn = texts.length;
  };
  const clear = (): void => {
    clearInterval(timer);
    timer = undefined;
    wanted = [];
    if (drawn > 0) stderr.write(erase());
  };
  return {
    show(lines) {
      wanted = lines;
      if (lines.length === 0) return clear();
      if (timer === undefined) draw();
      // Again and again: log lines of others take their place.
      timer ??= setInterval(draw, redrawMs).unref();
    },
    clear,
    around(write) {
      if (drawn > 0) stderr.write(erase());
      write();
      if (timer !== undefined) draw();
    },
  };
}

function sizeOf(stream: NodeJS.WriteStream): { columns: number; rows: number } {
  return { columns: stream.columns || usualSize.columns, rows: stream.rows || usualSize.rows };
}
