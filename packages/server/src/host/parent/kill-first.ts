import { readFileSync, writeFileSync } from "node:fs";
import { systemText } from "../../base/system-text.ts";

/** What a host has more than the server: more than any share of the memory that the server takes (proc(5)). */
const more = 500;
const most = 1000;

/**
 * Has the kernel take this process before the server when memory is short; Linux alone knows how, and elsewhere
 * nothing is done. @returns why it could not be done, if it could not
 */
export function killFirst(pid: number): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const own = Number(readFileSync("/proc/self/oom_score_adj", "utf8"));
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(Math.min(most, own + more)));
    return undefined;
  } catch (error) {
    return systemText(error);
  }
}
