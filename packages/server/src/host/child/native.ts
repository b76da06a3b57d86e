import { writeFileSync } from "node:fs";

const prSetPdeathsig = 1;
const sigkill = 9;

/** In a shortage of memory the system ends hosts before the server, which can load their models again. */
export function beFirstToGo(): void {
  if (process.platform !== "linux") return;
  try {
    writeFileSync("/proc/self/oom_score_adj", "500");
  } catch {
    // Some sandboxes do not let a process say so; it then ranks by its size alone.
  }
}

/**
 * Asks the kernel to end this process with its parent. The main thread sees the parent's death by itself
 * (`disconnect`); this also ends a process that is stopped and cannot see anything. Linux only.
 */
export async function dieWithParent(): Promise<void> {
  if (process.platform !== "linux") return;
  try {
    const { default: koffi } = await import("koffi");
    const prctl = koffi.load(null).func("int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)");
    prctl(prSetPdeathsig, sigkill, 0, 0, 0);
  } catch {
    // No native calls on this machine: `disconnect` remains.
  }
}
