import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Unavailable } from "./case.ts";

/**
 * Proportional set size of processes and all their descendants, bytes: a page that several processes share counts
 * for each of them in part, so that the sum is what the machine really spends.
 */
export function treeMemoryBytes(roots: readonly number[]): number {
  let sum = 0;
  for (const pid of treeOf(roots)) sum += processMemoryBytes(pid);
  return sum;
}

/** Processes and all their descendants. */
export function treeOf(roots: readonly number[]): ReadonlySet<number> {
  const children = childrenByParent();
  const seen = new Set<number>();
  const visit = (pid: number): void => {
    if (seen.has(pid)) return;
    seen.add(pid);
    for (const child of children.get(pid) ?? []) visit(child);
  };
  for (const root of roots) visit(root);
  return seen;
}

/** NaN when there is no such process. */
export function parentOf(pid: number): number {
  // The name of the program stands in brackets and may hold anything; state and parent follow it.
  return Number(/\) \S (\d+) [^)]*$/.exec(textOf(`/proc/${pid}/stat`))?.[1] ?? Number.NaN);
}

/** Files, sockets and the like that a process has open. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** @throws Unavailable where the kernel does not tell */
export function needProportionalMemory(): void {
  if (!existsSync("/proc/self/smaps_rollup"))
    throw new Unavailable("PSS is read from /proc/PID/smaps_rollup, which only Linux has");
}

export const megabytes = (bytes: number): number => bytes / 1e6;

/** The same of one process without its descendants; 0 when it has gone. */
export function processMemoryBytes(pid: number): number {
  const found = /^Pss:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/smaps_rollup`));
  return Number(found?.[1] ?? 0) * 1024;
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    const known = children.get(parent);
    if (known === undefined) children.set(parent, [Number(name)]);
    else known.push(Number(name));
  }
  return children;
}

/** Empty when the process has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
