import type { CommandContext } from "../context.ts";
import { reportFailure } from "../failures.ts";
import { print, printJson, say } from "../output.ts";
import type { ProgressBoard } from "./progress-board.ts";
import type { Result } from "./recogniser.ts";
import type { Recording } from "./recordings.ts";
import { sayRemarks } from "./remarks.ts";

/** Prints results on standard output in the order of the recordings, however they come in. */
export interface Printer {
  take(recording: Recording, result: Result, index: number): Promise<Result>;
  /** Prints what is still held back: results behind one that never came, and the document of `--json`. */
  finish(): void;
}

export interface PrinterOptions {
  readonly count: number;
  readonly isJson: boolean;
  readonly board: ProgressBoard;
  readonly context: CommandContext;
}

export function createPrinter({ count, isJson, board, context }: PrinterOptions): Printer {
  const held = new Map<number, { readonly recording: Recording; readonly result: Result }>();
  const printed: Result[] = [];
  let next = 0;
  let isAway = false;
  const printOne = (index: number): void => {
    const one = held.get(index);
    if (one === undefined) return;
    held.delete(index);
    if (isJson) printed.push(one.result);
    board.around(() => printResult(one.recording, index, one.result));
  };
  const printResult = (recording: Recording, index: number, result: Result): void => {
    if (!result.success) {
      // Those that were under way when the server went away all say the same.
      const isSame = result.reason === "server_unreachable";
      if (!(isAway && isSame)) reportFailure(result, context, { about: recording.name });
      isAway ||= isSame;
      return;
    }
    if (!isJson) {
      // Several texts stand under their files' names, as `head` prints several files.
      const heading = count === 1 ? "" : `${index === 0 ? "" : "\n"}==> ${recording.name} <==\n`;
      print(context, heading + result.text + (result.text.endsWith("\n") ? "" : "\n"));
    }
    sayRemarks(recording, result, (text) => say(context, text), context);
  };
  return {
    async take(recording, result, index) {
      held.set(index, { recording, result });
      for (; held.has(next); next += 1) printOne(next);
      return result;
    },
    finish() {
      for (const index of [...held.keys()].toSorted((a, b) => a - b)) printOne(index);
      if (printed.length > 0) printJson(context, count === 1 ? printed[0] : printed);
    },
  };
}
