import type { CommandContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { exitCodeOf } from "../failures.ts";
import type { ProgressBoard } from "./progress-board.ts";
import type { Recognise, Result } from "./recogniser.ts";
import type { Recording } from "./recordings.ts";
import type { ServerLink } from "./server-link.ts";

export interface RunOptions<T extends Recording> {
  readonly recordings: readonly T[];
  /** Recordings at once. */
  readonly jobs: number;
  readonly recognise: Recognise;
  readonly link: ServerLink;
  readonly board: ProgressBoard;
  /** Takes what a recording came to, in any order; gives what is to count instead. */
  readonly take: (recording: T, result: Result, index: number) => Promise<Result>;
  readonly context: CommandContext;
}

/** Recognises recordings, some at once, until all are done or none of the others could be. @returns the exit code @throws
 * what one of them threw, once all that were under way have ended */
export async function runRecognitions<T extends Recording>(options: RunOptions<T>): Promise<number> {
  const { recordings, jobs, link, context } = options;
  const codes: number[] = [];
  const waiting = recordings.entries();
  let isOver = false;
  const worker = async (): Promise<void> => {
    for (const [index, recording] of waiting) {
      if (isOver || context.signal.aborted) return;
      const result = await recogniseOne(options, recording, index).catch((error: unknown) => {
        isOver = true;
        throw error;
      });
      codes[index] = result.success ? exitCodes.ok.code : exitCodeOf(result, context);
      // The others would meet the same.
      if (!result.success) isOver ||= link.isGone() || result.reason === "disk_full";
    }
  };
  // All are waited for, whatever one of them throws: the others may be writing what they have.
  const ended = await Promise.allSettled(Array.from({ length: Math.min(jobs, recordings.length) }, worker));
  options.board.clear();
  for (const one of ended) if (one.status === "rejected") throw one.reason;
  return worst(codes, link, context);
}

async function recogniseOne<T extends Recording>(options: RunOptions<T>, recording: T, index: number): Promise<Result> {
  const { recognise, board, take } = options;
  board.begin(index, recording.name);
  const heard = await recognise(recording, (one) => board.heard(index, one));
  board.end(index);
  const result = await take(recording, heard, index);
  if (!result.success) board.failed();
  return result;
}

function worst(codes: readonly number[], link: ServerLink, context: CommandContext): number {
  if (context.signal.aborted) return exitCodeOf({ reason: "request_cancelled" }, context);
  if (link.isGone()) return exitCodes.unreachable.code;
  return codes.some((code) => code !== exitCodes.ok.code) ? exitCodes.failed.code : exitCodes.ok.code;
}
