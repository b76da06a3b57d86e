import type { CallFailure } from "@voxpool/client";
import type { CommandContext } from "../context.ts";
import { formatDuration } from "../format.ts";
import { printJson, say } from "../output.ts";
import type { Planned } from "./destinations.ts";

/** What a recording came to; without a result it was not begun, or not finished. */
export interface Outcome {
  readonly recording: Planned;
  readonly skipped: boolean;
  readonly result?: { readonly success: true; readonly seconds: number } | CallFailure | undefined;
  readonly written: readonly string[];
}

const mostNames = 20;

/** Says on standard error what became of the recordings, which failed, and how to go on with those that are left. */
export function saySummary(outcomes: readonly Outcome[], elapsedSeconds: number, context: CommandContext): void {
  const zh = context.language === "zh";
  const done = outcomes.filter(({ result }) => result?.success === true);
  const skipped = outcomes.filter((one) => one.skipped).length;
  const failed = outcomes.filter(({ result }) => result?.success === false).map(({ recording }) => recording.name);
  const left = outcomes.length - done.length - skipped - failed.length;
  const parts = [
    zh ? `已识别 ${done.length} 个` : `${done.length} recognised`,
    ...(skipped === 0 ? [] : [zh ? `${skipped} 个此前已完成` : `${skipped} done before`]),
    ...(failed.length === 0 ? [] : [zh ? `${failed.length} 个失败` : `${failed.length} failed`]),
  ];
  say(context, parts.join(zh ? "，" : ", ") + speedText(done, elapsedSeconds, context));
  if (failed.length > 0) {
    const names = failed.slice(0, mostNames).join(", ") + (failed.length > mostNames ? ", …" : "");
    say(context, zh ? `失败：${names}` : `failed: ${names}`);
  }
  if (left > 0) {
    say(
      context,
      zh ? `还剩 ${left} 个；再次运行同一命令即可继续。` : `${left} left; the same command goes on with them.`,
    );
  }
}

/** The same for scripts. */
export function printSummary(outcomes: readonly Outcome[], context: CommandContext): void {
  const recordings = outcomes.map(({ recording, skipped, result, written }) => ({
    source: recording.source,
    outputs: recording.outputs.map(({ path }) => path),
    ...(skipped ? { status: "skipped" } : statusOf(result, written)),
  }));
  printJson(context, {
    success: recordings.every(({ status }) => status === "done" || status === "skipped"),
    recordings,
  });
}

function statusOf(result: Outcome["result"], written: readonly string[]) {
  if (result === undefined) return { status: "left" };
  if (!result.success) return { status: "failed", failure: result };
  return { status: "done", written, duration: result.seconds };
}

function speedText(done: readonly Outcome[], elapsedSeconds: number, { language }: CommandContext): string {
  const audioSeconds = done.reduce((sum, { result }) => sum + (result?.success === true ? result.seconds : 0), 0);
  if (audioSeconds === 0) return "";
  const [audio, time] = [formatDuration(audioSeconds, language), formatDuration(elapsedSeconds, language)];
  const speed = `${(audioSeconds / Math.max(0.001, elapsedSeconds)).toFixed(1)}x`;
  return language === "zh" ? `；录音 ${audio}，用时 ${time}（${speed}）` : `; ${audio} of audio in ${time} (${speed})`;
}
