import { once } from "node:events";
import type { CommandContext } from "./context.ts";
import { printable, shownName } from "./format.ts";
import { typable } from "./typable.ts";

/** The columns of the terminal that results go to; endless for a file or pipe. */
export function roomOf({ stdout }: Pick<CommandContext, "stdout">): number {
  return stdout.isTTY && stdout.columns > 0 ? stdout.columns : Number.POSITIVE_INFINITY;
}

/** Writes a result; as it is into a file or pipe, without control characters to a terminal. */
export function print(context: CommandContext, text: string): void {
  context.stdout.write(context.stdout.isTTY ? printable(text) : text);
}

/** Writes what is for people alone; the command lines in it are such as can be typed here. */
export function printText(context: CommandContext, text: string): void {
  print(context, typable(text, context.command));
}

/** Writes paths, a line each; as they are into a file or pipe, with control characters written out to a terminal. */
export function printLines(context: CommandContext, paths: readonly string[]): void {
  const { stdout } = context;
  stdout.write(paths.map((path) => `${stdout.isTTY ? shownName(path) : path}\n`).join(""));
}

/** Writes a result for scripts, one JSON document; indented on a terminal. */
export function printJson(context: CommandContext, value: unknown): void {
  context.stdout.write(`${JSON.stringify(value, undefined, context.stdout.isTTY ? 2 : undefined)}\n`);
}

/** Writes one of many results; resolves when there is room for the next: a reader that is slow holds them back. */
export async function printLine(context: CommandContext, line: string): Promise<void> {
  const { stdout } = context;
  const hasRoom = stdout.write(`${stdout.isTTY ? printable(line) : line}\n`);
  if (!hasRoom) await once(stdout, "drain", { signal: context.signal }).catch(() => undefined);
}

/** Writes a message about the work; never into the results. */
export function say(context: CommandContext, text: string): void {
  context.stderr.write(`voxpool: ${printable(typable(text, context.command))}\n`);
}
