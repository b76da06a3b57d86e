import type { CallFailure } from "@voxpool/client";
import type { CommandContext } from "../context.ts";
import { reportFailure } from "../failures.ts";
import { say } from "../output.ts";
import { checkOutputs, isDone, type Output, type Planned, planOutputs } from "./destinations.ts";
import type { Format } from "./formats.ts";
import { isJsonFormat } from "./formats.ts";
import { type MadeRecord, openMadeRecord } from "./made-record.ts";
import { createPrinter } from "./printer.ts";
import { createProgressBoard } from "./progress-board.ts";
import type { Recognise, Result, Wishes } from "./recogniser.ts";
import type { Recording } from "./recordings.ts";
import { runRecognitions } from "./run.ts";
import type { ServerLink } from "./server-link.ts";
import { type Outcome, printSummary, saySummary } from "./summary.ts";
import { createWriter } from "./writer.ts";

/** Recordings that are to be recognised. */
export interface Run {
  readonly recordings: readonly Recording[];
  /** At least one; exactly one for standard output. */
  readonly formats: readonly Format[];
  readonly jobs: number;
  readonly link: ServerLink;
  /** What every recording is asked for with. */
  readonly wishes: Wishes;
  readonly recogniserFor: (format: Format) => Recognise;
  readonly context: CommandContext;
}

/** Recognises recordings and prints what was heard. @returns the exit code */
export async function toStdout(run: Run): Promise<number> {
  const { recordings, formats, context } = run;
  const format = formats[0] ?? "text";
  const board = createProgressBoard(recordings.length, context);
  const printer = createPrinter({ count: recordings.length, isJson: isJsonFormat(format), board, context });
  const recognise = run.recogniserFor(format);
  const code = await runRecognitions({ ...run, recognise, board, take: (...all) => printer.take(...all) });
  printer.finish();
  return code;
}

export interface FileFlags {
  readonly output: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** Recognises recordings and writes files. @returns the exit code @throws UsageError before anything is done */
export async function toFiles(run: Run, { output, overwrite = false, json = false }: FileFlags): Promise<number> {
  const { recordings, formats, context } = run;
  const planned = planOutputs(recordings, formats, output, context);
  await checkOutputs(planned, output, context);
  const record = await openMadeRecord(output, run.wishes);
  const stands: IsDone = async (one, source) => !overwrite && (await isAsWished(one, source, record));
  const skipped = new Set<Planned>();
  for (const one of planned) if (await areDone(one, stands)) skipped.add(one);
  if (!overwrite) await sayOtherwiseMade(planned, record, context);
  const open = planned.filter((one) => !skipped.has(one));

  const startMs = performance.now();
  const board = createProgressBoard(open.length, context);
  const writer = createWriter({ isDone: stands, onWritten: (one) => record.note(one), json, board, context });
  const results = new Map<Planned, Outcome["result"]>();
  let lost: CallFailure | undefined;
  const take = async (recording: Planned, result: Result): Promise<Result> => {
    if (isLeft(result, run)) {
      lost ??= result;
      return result;
    }
    const final = await writer.take(recording, result);
    // Not the transcript: those of many long recordings would fill the memory.
    results.set(recording, final.success ? { success: true, seconds: durationOf(final) } : final);
    return final;
  };
  // Everything is made of the long transcript: it has the times of words, by which subtitles are cut.
  const recognise = run.recogniserFor("verbose_json");
  const work = { ...run, recordings: open, recognise, board, take };
  const code = await runRecognitions(work);
  if (lost !== undefined) reportFailure(lost, context);
  const outcomes = planned.map(
    (recording): Outcome => ({
      recording,
      skipped: skipped.has(recording),
      result: results.get(recording),
      written: writer.written.get(recording) ?? [],
    }),
  );
  if (json) printSummary(outcomes, context);
  saySummary(outcomes, (performance.now() - startMs) / 1000, context);
  return code;
}

/** Whether it was broken off, and not refused: the same command can go on with it. */
function isLeft(result: Result, { link, context }: Run): result is CallFailure {
  return !result.success && (context.signal.aborted || (link.isGone() && link.isLoss(result)));
}

function durationOf(result: Result): number {
  return "duration" in result && typeof result.duration === "number" ? result.duration : 0;
}

type IsDone = (output: Output, source: string) => Promise<boolean>;

async function areDone({ outputs, source, problem }: Planned, stands: IsDone): Promise<boolean> {
  if (source === "-" || problem !== undefined) return false;
  const done = await Promise.all(outputs.map((output) => stands(output, source)));
  return done.every(Boolean);
}

/** Whether a file is done, and was not made with other options; what somebody changed by hand is left to them. */
async function isAsWished(output: Output, source: string, record: MadeRecord): Promise<boolean> {
  return (await isDone(output, source)) && (await record.makingOf(output)) !== "other";
}

/** Says of files that are newer than their recordings why they are made anew all the same, or why they are not. */
async function sayOtherwiseMade(
  planned: readonly Planned[],
  record: MadeRecord,
  context: CommandContext,
): Promise<void> {
  const counts = { other: 0, changed: 0 };
  for (const { outputs, source } of planned) {
    for (const output of outputs) {
      const making = await record.makingOf(output);
      if ((making === "other" || making === "changed") && (await isDone(output, source))) counts[making] += 1;
    }
  }
  const zh = context.language === "zh";
  const { other, changed } = counts;
  if (other > 0)
    say(
      context,
      zh
        ? `${other} 个文件是用其他选项生成的，将重新生成。`
        : `made with other options before, and made anew: ${other} of the files.`,
    );
  if (changed > 0)
    say(
      context,
      zh
        ? `${changed} 个文件是用其他选项生成的，此后又被改动过，保持不变（--overwrite 可重新生成）。`
        : `made with other options before and changed since, so kept (--overwrite makes them anew): ${changed} of the files.`,
    );
}
