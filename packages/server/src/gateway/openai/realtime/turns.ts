import type { LiveOutput } from "../../../api/types.ts";
import type { OpenAiError } from "../failure.ts";
import type { ServerEvent } from "./conversation.ts";

/** Makes what a client is told of what a live recognition tells. Pure: the only state is that of the turns. */
export interface Turns {
  /** Whether somebody speaks, or audio waits for its commit: settings do not change in the middle of it. */
  readonly isInTurn: boolean;
  /** Whether nothing is to be told of what was said so far. */
  readonly isIdle: boolean;
  /** Audio came. */
  hear(ms: number): void;
  /** @param offsetMs audio of the session before the recognition that tells it */
  take(output: LiveOutput, offsetMs: number): readonly ServerEvent[];
  /** The client says that a turn is over; a `finalized` answers it. */
  commit(): readonly ServerEvent[];
  /** What was not committed is forgotten; a `finalized` answers it. */
  clear(): void;
  /** The recognition failed: what waits for it fails too. */
  fail(error: OpenAiError): readonly ServerEvent[];
}
