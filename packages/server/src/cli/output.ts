import { once } from "node:events";
import type { CommandContext } from "./context.ts";
import { printable } from "./format.ts";

/** Writes a result; as it is into a file or pipe, without control characters to a terminal. */
export function print(context: CommandContext, text: string): void {
  context.stdout.write(context.stdout.isTTY ? printable(text) : text);
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
  context.stderr.write(`voxpool: ${printable(text)}\n`);
}
