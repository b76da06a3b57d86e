/** A recognition that is under way, or that is promised to begin. */
export interface Work {
  readonly client: string;
  /** Audio that is not recognised yet. */
  readonly leftSeconds: number;
  /** Decode seconds that a second of its audio takes. */
  readonly factor: number;
  /** How much of it is here and waits; undefined: as much as can be. */
  readonly hereSeconds?: number;
  /** It has not begun. */
  readonly isPromised?: boolean;
}

export interface Limits {
  /** Decodes that run at once. */
  readonly cores: number;
  /** How long the work in front of a recognition may take; 0: any time. */
  readonly maxWaitSeconds: number;
  readonly maxSessions: number;
  readonly maxSessionsPerClient: number;
}

/** What is in the way of one more recognition. */
export type Obstacle = "wait" | "sessions" | "client_sessions";

export interface Foresight {
  /** Until its first decode, if it began now. */
  readonly waitSeconds: number;
  /** Undefined: it may begin. */
  readonly obstacle: Obstacle | undefined;
  /** When nothing is in the way any more, if nobody else comes. */
  readonly freeInSeconds: number;
}

/** A session has so much audio with its host and no more; what comes later waits behind newer sessions. */
const inFlightSeconds = 120;
/** Clients take turns by pieces of about this length. */
const segmentSeconds = 10;
/** What a session has left after so many rounds of `inFlightSeconds` counts as one last round: enough for hours. */
const lastRound = 60;
/** Also who is all but done has its place until it leaves. */
const leastLeftSeconds = 0.1;
/** The part of all places that may be kept for those of others who were promised one: promises must not shut anybody out. */
const mostKeptForOthers = 1 / 4;
const halvings = 16;

/**
 * What one more recognition of a client would meet. Pure.
 *
 * It follows the scheduler's order: clients are served alike, in audio seconds, and each one's sessions in the order
 * in which their audio comes, which is in turns of what a session may have in flight. So time is measured by `level`,
 * the audio seconds that every client with work has been served from now on.
 * @param works in the order of their arrival
 */
export function foresee(works: Iterable<Work>, client: string, limits: Limits): Foresight {
  const { own, others } = loadsOf(works, client);
  const at = (level: number) => obstacleAt(level, own, others, limits);
  const waitSeconds = waitAt(0, own, others, limits.cores);
  const obstacle = at(0);
  if (obstacle === undefined) return { waitSeconds, obstacle, freeInSeconds: 0 };
  let blocked = 0;
  let free = Math.max(...[own, ...others].map(({ audioSeconds }) => audioSeconds));
  for (let step = 0; step < halvings; step++) {
    const middle = (blocked + free) / 2;
    if (at(middle) === undefined) free = middle;
    else blocked = middle;
  }
  return { waitSeconds, obstacle, freeInSeconds: secondsUntil(free, [own, ...others], limits.cores) };
}

/** All works of a client, in the order in which they end. */
interface ClientLoad {
  readonly audioSeconds: number;
  /** Decode seconds for a second of its audio, on average. */
  readonly factor: number;
  /** How much the client has been served when each work ends. */
  readonly endsAt: readonly number[];
  /** Of each work and those after it: audio in flight, and how many have begun. */
  readonly inFlightFrom: Float64Array;
  readonly begunFrom: Float64Array;
}

function loadsOf(works: Iterable<Work>, client: string): { own: ClientLoad; others: readonly ClientLoad[] } {
  const byClient = Map.groupBy(works, (work) => work.client);
  const own = loadOf(byClient.get(client) ?? []);
  byClient.delete(client);
  return { own, others: Array.from(byClient.values(), loadOf) };
}

function loadOf(works: readonly Work[]): ClientLoad {
  const lefts = works.map(({ leftSeconds }) => Math.max(leftSeconds, leastLeftSeconds));
  const ends = endsOf(lefts);
  const order = Array.from(lefts.keys());
  const isInOrder = ends.every((end, index) => index === 0 || (ends[index - 1] ?? 0) <= end);
  if (!isInOrder) order.sort((a, b) => (ends[a] ?? 0) - (ends[b] ?? 0));
  const inFlightFrom = new Float64Array(works.length + 1);
  const begunFrom = new Float64Array(works.length + 1);
  let audioSeconds = 0;
  let decodeSeconds = 0;
  for (let place = works.length - 1; place >= 0; place--) {
    const index = order[place] ?? 0;
    const left = lefts[index] ?? 0;
    audioSeconds += left;
    decodeSeconds += left * (works[index]?.factor ?? 0);
    const hereSeconds = works[index]?.hereSeconds ?? inFlightSeconds;
    inFlightFrom[place] = (inFlightFrom[place + 1] ?? 0) + Math.min(left, hereSeconds, inFlightSeconds);
    begunFrom[place] = (begunFrom[place + 1] ?? 0) + (works[index]?.isPromised === true ? 0 : 1);
  }
  const factor = audioSeconds > 0 ? decodeSeconds / audioSeconds : 0;
  return { audioSeconds, factor, endsAt: order.map((index) => ends[index] ?? 0), inFlightFrom, begunFrom };
}

/** How much its client has been served when each work ends, the works taking turns. */
function endsOf(lefts: readonly number[]): readonly number[] {
  const rounds = lefts.map((left) => Math.min(lastRound, Math.ceil(left / inFlightSeconds) - 1));
  const ends = lefts.map(() => 0);
  for (const round of new Set(rounds)) {
    const before = round * inFlightSeconds;
    const mostNow = round === lastRound ? Number.POSITIVE_INFINITY : inFlightSeconds;
    let served = 0;
    if (round > 0) for (const left of lefts) served += Math.min(left, before);
    for (let index = 0; index < lefts.length; index++) {
      served += Math.min(Math.max(0, (lefts[index] ?? 0) - before), mostNow);
      if (rounds[index] === round) ends[index] = served;
    }
  }
  return ends;
}

function obstacleAt(
  level: number,
  own: ClientLoad,
  others: readonly ClientLoad[],
  { maxWaitSeconds, maxSessions, maxSessionsPerClient, cores }: Limits,
): Obstacle | undefined {
  if (maxWaitSeconds > 0 && waitAt(level, own, others, cores) > maxWaitSeconds) return "wait";
  const ownSessions = own.endsAt.length - endedAt(level, own);
  let sessions = Math.min(ownSessions, maxSessionsPerClient);
  let kept = 0;
  for (const load of others) {
    const ended = endedAt(level, load);
    const begun = load.begunFrom[ended] ?? 0;
    sessions += begun;
    kept += Math.max(0, Math.min(load.endsAt.length - ended, maxSessionsPerClient) - begun);
  }
  if (sessions + Math.min(kept, maxSessions * mostKeptForOthers) >= maxSessions) return "sessions";
  return ownSessions >= maxSessionsPerClient ? "client_sessions" : undefined;
}

/** How many works of a client have ended by then. */
function endedAt(level: number, { endsAt }: ClientLoad): number {
  let from = 0;
  let to = endsAt.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((endsAt[middle] ?? 0) > level) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** The client's own work in front is served first, and meanwhile as much of the others', and one piece more. */
function waitAt(level: number, own: ClientLoad, others: readonly ClientLoad[], cores: number): number {
  const ownSeconds = inFlightAt(level, own);
  let decodeSeconds = ownSeconds * own.factor;
  for (const load of others) {
    decodeSeconds += Math.min(inFlightAt(level, load), ownSeconds + segmentSeconds) * load.factor;
  }
  return decodeSeconds / cores;
}

/** Audio seconds of a client that are queued before anything that comes then. */
function inFlightAt(level: number, load: ClientLoad): number {
  const seconds = load.inFlightFrom[endedAt(level, load)] ?? 0;
  return Math.max(0, Math.min(seconds, load.audioSeconds - level));
}

function secondsUntil(level: number, loads: readonly ClientLoad[], cores: number): number {
  let decodeSeconds = 0;
  for (const { audioSeconds, factor } of loads) decodeSeconds += Math.min(audioSeconds, level) * factor;
  return decodeSeconds / cores;
}
