import type { CommandContext } from "../context.ts";
import { formatDuration } from "../format.ts";
import { bar, fitting, progressText } from "../progress.ts";
import { createScreenLines } from "../screen-lines.ts";
import type { Heard } from "./recogniser.ts";

/** Shows on a terminal how far each recording and all of them are. */
export interface ProgressBoard {
  begin(index: number, name: string): void;
  heard(index: number, heard: Heard): void;
  /** Its line goes. What is to be said of it is said after this, below no line that is out of date. */
  end(index: number): void;
  /** Counts a recording that failed. */
  failed(): void;
  /** Writes something above the lines. */
  around(write: () => void): void;
  clear(): void;
}

interface Running {
  readonly name: string;
  readonly startMs: number;
  heard?: Heard;
}

/** @param count how many recordings there are; a line with the total is shown for several */
export function createProgressBoard(count: number, context: CommandContext): ProgressBoard {
  const lines = createScreenLines(context);
  const running = new Map<number, Running>();
  const startMs = Date.now();
  let ended = 0;
  let failures = 0;

  const total = (columns: number): string => {
    const zh = context.language === "zh";
    const seconds = formatDuration((Date.now() - startMs) / 1000, context.language);
    const share = `${ended} / ${count}`;
    const failed = failures === 0 ? [] : [zh ? `失败 ${failures}` : `${failures} failed`];
    return fitting(
      zh ? "合计" : "total",
      [[bar(ended / count), share, ...failed, seconds], [share, ...failed], [share]],
      columns,
    );
  };
  const show = (): void => {
    const each = [...running.values()].map((one) => (columns: number) => lineOf(one, context, columns));
    lines.show(count > 1 && ended < count ? [...each, total] : each);
  };
  return {
    begin(index, name) {
      running.set(index, { name, startMs: Date.now() });
      show();
    },
    heard(index, heard) {
      const one = running.get(index);
      if (one !== undefined) one.heard = heard;
    },
    end(index) {
      running.delete(index);
      ended += 1;
      show();
    },
    failed() {
      failures += 1;
    },
    around: (write) => lines.around(write),
    clear: () => lines.clear(),
  };
}

function lineOf({ name: label, startMs, heard }: Running, { language }: CommandContext, columns: number): string {
  const seconds = (Date.now() - startMs) / 1000;
  if (heard === undefined) return fitting(label, [seconds < 1 ? [] : [formatDuration(seconds, language)]], columns);
  const rate = heard.seconds / Math.max(0.001, seconds);
  return progressText({ label, done: heard.seconds, total: heard.total, unit: "seconds", rate }, language, columns);
}
