/** What is to be done with the instances of a pool now. Pure: a snapshot in, actions out. */
import { leastRecentlyUsed, type Occupant, type RoomBudget } from "./room.ts";

/** A process and the resident memory at which it is to be replaced by a fresh one, bytes. */
export interface Grown {
  readonly memoryBytes: number;
  readonly boundBytes: number;
}

/** An instance as far as its end goes. Times are seconds of a clock that never goes back. */
export interface Resident extends Occupant {
  /** When it was last used or held. */
  readonly idleSince: number;
  /** Infinite: it stays. */
  readonly keepAliveSeconds: number;
  /** A fresh process is on its way already. */
  readonly isReplaced: boolean;
  /** The process that serves, if one does. */
  readonly serving: Grown | undefined;
  /** All that somebody may be using: also those that only finish what they began. */
  readonly processes: readonly Grown[];
}

export type Action =
  | { readonly kind: "unload"; readonly key: string; readonly cause: "idle" | "evicted" }
  | { readonly kind: "recycle"; readonly key: string }
  /** Too large by far: it is ended as if it had crashed, before the system ends something else. */
  | { readonly kind: "end"; readonly key: string };

/** A process so many times as large as its bound is ended at once. */
const runawayFactor = 2;

/** Unloads what has been idle for too long or has no room, and replaces what has outgrown its bound. */
export function dueActions(residents: readonly Resident[], budget: RoomBudget, now: number): readonly Action[] {
  const actions: Action[] = [];
  const gone = new Set<string>();
  for (const resident of residents) {
    if (expiresAt(resident) <= now) {
      gone.add(resident.key);
      actions.push({ kind: "unload", key: resident.key, cause: "idle" });
    } else if (resident.processes.some(isRunaway)) {
      actions.push({ kind: "end", key: resident.key });
    } else if (resident.serving && !resident.isReplaced && resident.serving.memoryBytes > resident.serving.boundBytes) {
      actions.push({ kind: "recycle", key: resident.key });
    }
  }
  for (const key of overBudget(residents, gone, budget)) actions.push({ kind: "unload", key, cause: "evicted" });
  return actions;
}

/** Whether a process is to be ended before the system ends another one for lack of memory. */
export function isRunaway({ memoryBytes, boundBytes }: Grown): boolean {
  return memoryBytes > boundBytes * runawayFactor;
}

/** When an instance goes if nothing happens before; infinite: it stays. */
export function expiresAt({ isIdle, idleSince, keepAliveSeconds }: Resident): number {
  return isIdle ? idleSince + keepAliveSeconds : Number.POSITIVE_INFINITY;
}

/** Hosts grow in use: who was idle the longest goes when all together have outgrown the budget. */
function overBudget(residents: readonly Resident[], gone: ReadonlySet<string>, budget: RoomBudget): readonly string[] {
  const staying = residents.filter(({ key, isGoing }) => !isGoing && !gone.has(key));
  const total = staying.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  if (total <= budget.memoryBytes || staying.length <= 1) return [];
  let excess = total - budget.memoryBytes;
  const keys: string[] = [];
  for (const { key, memoryBytes } of leastRecentlyUsed(staying)) {
    if (excess <= 0 || keys.length === staying.length - 1) break;
    if (memoryBytes === 0) continue; // what waits for its trial would give nothing back
    keys.push(key);
    excess -= memoryBytes;
  }
  return keys;
}
