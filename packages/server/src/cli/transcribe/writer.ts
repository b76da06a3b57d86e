import type { CallFailure, Segment, Transcript } from "@voxpool/client";
import { writeSubtitles } from "../../api/subtitles/subtitles.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { systemText } from "../../base/system-text.ts";
import type { CommandContext } from "../context.ts";
import { reportFailure } from "../failures.ts";
import { shownName } from "../format.ts";
import { printLines, say } from "../output.ts";
import { type Output, type Planned, writeWhole } from "./destinations.ts";
import { type Format, isJsonFormat, isSubtitleFormat } from "./formats.ts";
import type { ProgressBoard } from "./progress-board.ts";
import type { Result } from "./recogniser.ts";
import { sayRemarks } from "./remarks.ts";

/** Writes results into files, and prints the path of each. */
export interface Writer {
  take(recording: Planned, result: Result): Promise<Result>;
  readonly written: ReadonlyMap<Planned, readonly string[]>;
}

export interface WriterOptions {
  /** Whether a file is there already, as it is to be. */
  readonly isDone: (output: Output, source: string) => Promise<boolean>;
  /** Told of each file that is in place. */
  readonly onWritten: (output: Output) => Promise<void>;
  readonly json: boolean;
  readonly board: ProgressBoard;
  readonly context: CommandContext;
}

export function createWriter({ isDone, onWritten, json, board, context }: WriterOptions): Writer {
  const written = new Map<Planned, readonly string[]>();
  const fail = (recording: Planned, failure: CallFailure): CallFailure => {
    board.around(() => reportFailure(failure, context, { about: recording.name }));
    return failure;
  };
  return {
    written,
    async take(recording, result) {
      if (!result.success) return fail(recording, result);
      // The files are written from the transcript, so that one recognition serves all of them.
      if (!("segments" in result)) throw new VoxpoolError("internal");
      const paths: string[] = [];
      for (const output of recording.outputs) {
        if (await isDone(output, recording.source)) continue;
        const failure = await write(output, result, context);
        if (failure !== undefined) return fail(recording, failure);
        await onWritten(output);
        paths.push(output.path);
      }
      written.set(recording, paths);
      board.around(() => {
        if (!json) printLines(context, paths);
        sayRemarks(recording, result, (text) => say(context, text), context);
      });
      return result;
    },
  };
}

async function write(
  { path, format }: Output,
  transcript: Transcript,
  { language }: Pick<CommandContext, "language">,
): Promise<CallFailure | undefined> {
  try {
    await writeWhole(path, textOf(transcript, format));
    return undefined;
  } catch (thrown) {
    const detail = systemText(thrown);
    const isFull = thrown instanceof Error && "code" in thrown && ["ENOSPC", "EDQUOT"].includes(String(thrown.code));
    const error = isFull
      ? new VoxpoolError("disk_full", { what: shownName(path) })
      : new VoxpoolError("output_unwritable", { path: shownName(path), detail });
    const message = error.messageIn(language);
    const { reason } = error;
    return { success: false, error_code: 0, error_message: message, message, reason, retryable: false };
  }
}

/** A transcript in a format, as the server writes it. */
function textOf(transcript: Transcript, format: Format): string {
  if (isSubtitleFormat(format)) return orSilence(writeSubtitles(format, transcript.segments));
  if (!isJsonFormat(format)) return `${transcript.text}\n`;
  return `${JSON.stringify(format === "json" ? brief(transcript) : transcript, undefined, 2)}\n`;
}

/** A file without anything in it would be taken for one that was never finished. */
function orSilence(text: string): string {
  return text === "" ? "\n" : text;
}

/** `json` leaves out what `verbose_json` has more. */
function brief({ timings: _timings, ...transcript }: Transcript): Transcript {
  return { ...transcript, segments: transcript.segments.map(withoutWords) };
}

function withoutWords({ words: _words, ...segment }: Segment): Segment {
  return segment;
}
