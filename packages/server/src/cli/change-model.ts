import type { CallFailure, ModelAPIClient } from "@voxpool/client";
import { withActivity } from "./activity.ts";
import { type ClientFlags, createClient } from "./client.ts";
import type { CommandContext } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { reportFailure } from "./failures.ts";
import { print, printJson } from "./output.ts";

/** What every answer to a change says. */
interface Changed {
  readonly success: true;
  readonly message: string;
}

/** Asks a server to change what is loaded, shows for how long already, and prints its answer. @returns the exit code */
export async function changeModel(
  label: string,
  flags: ClientFlags,
  context: CommandContext,
  change: (client: ModelAPIClient) => Promise<Changed | CallFailure>,
): Promise<number> {
  const client = createClient(flags, context);
  const answer = await withActivity(label, context, () => change(client));
  if (!answer.success) return reportFailure(answer, context, flags);
  if (flags.json) printJson(context, answer);
  else print(context, `${answer.message}\n`);
  return exitCodes.ok.code;
}
