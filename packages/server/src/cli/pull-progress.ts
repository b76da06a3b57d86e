import type { MessageLanguage } from "../base/errors.ts";
import type { PullEvent } from "../catalog/pull.ts";
import { progressText, RateMeter } from "./progress.ts";

/** Turns the events of downloads into lines that say how far they are. */
export function createPullProgress(
  language: MessageLanguage,
  nowMs: () => number = Date.now,
): (event: PullEvent) => string {
  let meter = new RateMeter();
  let file = "";
  return (event) => {
    if (event.file !== file) {
      meter = new RateMeter();
      file = event.file;
    }
    const { name: label, receivedBytes: done, totalBytes: total } = event;
    if (event.phase === "download") {
      return progressText({ label, done, total, unit: "bytes", rate: meter.update(done, nowMs()) }, language);
    }
    return `${label}  ${phases[event.phase][language]}`;
  };
}

const phases = {
  connect: { en: "connecting", zh: "正在连接" },
  unpack: { en: "unpacking", zh: "正在解包" },
  done: { en: "done", zh: "完成" },
} as const;
