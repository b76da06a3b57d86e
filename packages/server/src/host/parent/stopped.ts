import { readFileSync } from "node:fs";

/**
 * Whether a process was stopped by a signal (SIGSTOP, a debugger). Only Linux tells (`/proc/PID/stat`, proc(5)); elsewhere
 * it counts as running. Read synchronously, in the moment before it is ended.
 */
export function isStopped(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name is in brackets and may hold anything; the state is the first field behind it.
    const state = stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
    return state === "T" || state === "t";
  } catch {
    return false;
  }
}
