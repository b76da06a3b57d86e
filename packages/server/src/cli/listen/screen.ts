import type { CallFailure, LiveSession, SessionEvent } from "@voxpool/client";
import type { CommandContext } from "../context.ts";
import { printLine, say } from "../output.ts";
import { createScreenLines } from "../screen-lines.ts";
import { shortenStart } from "../width.ts";

/** Of a pipe or a file it is not set at all. */
interface Output {
  readonly isTTY?: boolean;
}

/** Whether anybody sees a line that refines itself. */
export function showsPartials({ stdout, stderr }: { readonly stdout: Output; readonly stderr: Output }): boolean {
  return stdout.isTTY === true && stderr.isTTY === true;
}

/** Prints what is said as it comes: finals as lines, and below them on a terminal what may still change. */
export async function printSession(session: LiveSession, isJson: boolean, context: CommandContext): Promise<void> {
  const lines = createScreenLines(showsPartials(context) && !isJson ? context : silent(context));
  try {
    for await (const event of session) {
      if (isJson) await printLine(context, JSON.stringify(plain(event)));
      else if (event.type === "partial") lines.show([(columns) => shortenStart(event.text, columns)]);
      else if (event.type === "warning") lines.around(() => say(context, event.message));
      else if (event.type === "final" && event.segment.text !== "") {
        lines.clear();
        await printLine(context, event.segment.text);
      }
    }
  } finally {
    lines.clear();
  }
}

/** A failure stands in its event as it does in every other answer. */
function plain(event: SessionEvent): object {
  return event.type === "error" ? { type: "error", ...withoutType(event.failure) } : event;
}

function withoutType({ ...failure }: CallFailure): object {
  return failure;
}

function silent(context: CommandContext): Pick<CommandContext, "stderr" | "env"> {
  return { stderr: context.stderr, env: { ...context.env, TERM: "dumb" } };
}
