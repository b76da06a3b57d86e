/** Whether there is room for one more instance, and who goes if there is none. Pure. */

export interface RoomBudget {
  /** All hosts together, bytes; infinite: no limit. */
  readonly memoryBytes: number;
  /** Infinite: no limit. */
  readonly instances: number;
}

/** An instance as far as room goes. */
export interface Occupant {
  readonly key: string;
  /** Measured, or what is set aside for it while it loads. */
  readonly memoryBytes: number;
  /** Neither pinned nor held nor in use nor on its way: it may go. */
  readonly isIdle: boolean;
  /** It was told to go and nobody uses it: its room is free in a moment. */
  readonly isGoing: boolean;
  /** Seconds of a clock that never goes back. */
  readonly lastUsed: number;
}

export type RoomDecision =
  | { readonly kind: "fits" }
  | { readonly kind: "evict"; readonly keys: readonly string[] }
  /** Those that go are gone soon, and then there is room. */
  | { readonly kind: "wait"; readonly keys: readonly string[] }
  | { readonly kind: "full"; readonly lacks: "memory" | "instances"; readonly occupants: readonly Occupant[] };

/** Those that may go, in the order in which they do. */
export function leastRecentlyUsed<O extends Occupant>(occupants: readonly O[]): readonly O[] {
  return occupants.filter(({ isIdle }) => isIdle).toSorted((a, b) => a.lastUsed - b.lastUsed);
}

/**
 * Makes room for `needBytes`: least recently used idle instances go first, and no more of them than it takes. If even
 * all of them were not enough, none goes; nor does any for room that is about to be free. With no instance there
 * anything may be tried, however large.
 */
export function roomFor(needBytes: number, occupants: readonly Occupant[], budget: RoomBudget): RoomDecision {
  const total = occupants.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  let bytes = total + needBytes;
  let count = occupants.length + 1;
  const fits = () => (bytes <= budget.memoryBytes || count === 1) && count <= Math.max(1, budget.instances);
  if (fits()) return { kind: "fits" };
  const going = occupants.filter(({ isGoing }) => isGoing);
  for (const { memoryBytes } of going) bytes -= memoryBytes;
  count -= going.length;
  const keys: string[] = [];
  for (const { key, memoryBytes } of leastRecentlyUsed(occupants)) {
    if (fits()) break;
    keys.push(key);
    bytes -= memoryBytes;
    count -= 1;
  }
  if (!fits()) {
    const lacks = count > Math.max(1, budget.instances) ? "instances" : "memory";
    return { kind: "full", lacks, occupants: occupants.filter(({ isIdle, isGoing }) => !isIdle && !isGoing) };
  }
  return keys.length === 0 ? { kind: "wait", keys: going.map(({ key }) => key) } : { kind: "evict", keys };
}
