import { type Priority, priorities, type WorkRequest } from "./schedule.ts";

/** A piece of work in the queue. */
export interface Waiting extends WorkRequest {
  /** Counts up in order of arrival. */
  readonly order: number;
}

/** What the choice depends on besides the queue. */
export interface Load {
  readonly cores: number;
  /** Permits that each host holds now; hosts without one are left out. */
  readonly permits: ReadonlyMap<string, number>;
  /** Audio seconds that each client has been served, as far as it matters for fairness. */
  readonly served: ReadonlyMap<string, number>;
}

/**
 * Who decodes next, or nobody now. Pure.
 *
 * The order is: class, then the client that was served least, then arrival. There are as many permits as cores.
 * When all of them are with one host and it is also next, it gets one more, so that its next decode is at hand
 * the moment one ends. Work of another host is never passed over for that: it would starve.
 */
export function pick<W extends Waiting>(waiting: Iterable<W>, load: Load): W | undefined {
  let best: W | undefined;
  for (const work of waiting) if (best === undefined || goesBefore(work, best, load.served)) best = work;
  return best && mayRun(best.host, load) ? best : undefined;
}

/** So many works share a permit at most. */
const mostTogether = 64;

/**
 * Whose work is done along with that of one who was picked, in the same decode: those of its host that are marked so,
 * in their order. Pure. Batch work goes with batch work alone, since all wait for the longest.
 */
export function companions<W extends Waiting>(waiting: Iterable<W>, chosen: W, { served }: Load): readonly W[] {
  if (chosen.together !== true) return [];
  const isBatch = ({ priority }: W): boolean => priority === "batch";
  return Array.from(waiting)
    .filter((work) => work !== chosen && work.together === true && work.host === chosen.host)
    .filter((work) => isBatch(work) === isBatch(chosen))
    .toSorted((a, b) => (goesBefore(a, b, served) ? -1 : 1))
    .slice(0, mostTogether - 1);
}

function goesBefore(a: Waiting, b: Waiting, served: ReadonlyMap<string, number>): boolean {
  const byClass = rank(a.priority) - rank(b.priority);
  if (byClass !== 0) return byClass < 0;
  const byService = (served.get(a.client) ?? 0) - (served.get(b.client) ?? 0);
  return byService === 0 ? a.order < b.order : byService < 0;
}

function mayRun(host: string, { cores, permits }: Load): boolean {
  let total = 0;
  for (const count of permits.values()) total += count;
  return total < cores || (total === cores && permits.get(host) === cores);
}

const rank = (priority: Priority): number => priorities.indexOf(priority);
