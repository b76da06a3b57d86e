import { type Atom, atomsOf } from "./atoms.ts";
import { breakAfter } from "./breaks.ts";
import { linesOf, lineText, Ruler } from "./layout.ts";
import { type Timed, type TimedWord, timesOf } from "./timing.ts";
import { lineWidth, widthOf } from "./width.ts";

/** A recognised segment; times in seconds from the start of the recording. */
export interface CueSource {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly words?: readonly TimedWord[];
  /** Counts from 0. Cues of different channels may overlap, those of one never do. */
  readonly channel?: number;
}

/** What is shown at once; times in whole milliseconds. */
export interface Cue {
  readonly startMs: number;
  readonly endMs: number;
  readonly lines: readonly string[];
  /** The same in one line. */
  readonly text: string;
  readonly channel?: number;
}

export interface CueLimits {
  readonly lines: 1 | 2;
  /** What the format writes before the first line, so that there is room for it. */
  readonly prefix?: (channel: number | undefined) => string;
}

/** No cue stays longer. */
const longestMs = 7000;

/** A cue stays at least so long if no other follows: less is not read. */
const shortestMs = 1000;

/**
 * Cuts segments into cues of at most 7 s and one or two lines, in the order of their starts.
 *
 * A segment is cut at ends of sentences and clauses and at pauses if it can be, into cues of like length, and never
 * in a word; when its words are said is known from the engine or estimated (see `timesOf`). A word that is longer
 * than a line stands alone on one; what takes longer than 7 s to say is shown for the first 7 s.
 */
export function cuesOf(segments: readonly CueSource[], limits: CueLimits): readonly Cue[] {
  const channels = Map.groupBy(segments, ({ channel }) => channel);
  const cues = [...channels.entries()].flatMap(([channel, own]) => {
    const room = lineWidth - widthOf(limits.prefix?.(channel) ?? "");
    const drafts = own.flatMap((segment) => draftsOf(segment, limits.lines, room));
    return placed(drafts).map((cue) => (channel === undefined ? cue : { ...cue, channel }));
  });
  return channels.size > 1 ? cues.toSorted((a, b) => a.startMs - b.startMs) : cues;
}

type Draft = Omit<Cue, "channel">;

function draftsOf(segment: CueSource, lines: 1 | 2, room: number): Draft[] {
  const atoms = atomsOf(segment.text);
  const times = timesOf(atoms, { ...segment, end: Math.max(segment.start, segment.end) });
  return cutsOf(atoms, times, lines, room).map(([from, to]) => {
    const own = atoms.slice(from, to);
    const startMs = Math.round((times[from]?.start ?? 0) * 1000);
    const endMs = Math.round((times[to - 1]?.end ?? 0) * 1000);
    return { startMs, endMs, lines: lines === 1 ? [lineText(own)] : linesOf(own, room), text: lineText(own) };
  });
}

/** Puts the cues of a channel one after the other, and leaves short ones longer where there is time. */
function placed(drafts: readonly Draft[]): Draft[] {
  let freeFromMs = 0;
  return drafts.map((draft, index) => {
    const startMs = Math.max(freeFromMs, draft.startMs);
    const nextMs = Math.max(startMs, drafts[index + 1]?.startMs ?? Number.POSITIVE_INFINITY);
    const readMs = Math.max(draft.endMs, Math.min(startMs + shortestMs, nextMs));
    const endMs = Math.max(startMs, Math.min(readMs, startMs + longestMs));
    freeFromMs = endMs;
    return { ...draft, startMs, endMs };
  });
}

/** What a cue costs, and what it costs to end one there; a few cues at good places are the cheapest. */
const cueCost = 10;
const breakCosts = { sentence: 0, clause: 4, none: 12 } as const;
/** A pause this long between words is as good as a clause, one of twice the length as a sentence. */
const pauseSeconds = 0.3;
/** No cue shows words that are said after a pause as long as this. */
const longestPauseSeconds = 2;
/** The cost of an empty cue; it falls with the square of what is filled, so that neighbours become alike. */
const emptyCost = 10;

/** The pieces of each cue, as ranges `[from, to)`: the cheapest way to divide them, found from the end. */
function cutsOf(
  atoms: readonly Atom[],
  times: readonly Timed[],
  lines: 1 | 2,
  room: number,
): (readonly [number, number])[] {
  const ruler = new Ruler(atoms);
  const costFrom = new Float64Array(atoms.length + 1);
  const ends = new Uint32Array(atoms.length);
  for (let from = atoms.length - 1; from >= 0; from--) {
    const firstLine = ruler.lineEnd(from, room);
    costFrom[from] = Number.POSITIVE_INFINITY;
    for (let to = from + 1; to <= atoms.length; to++) {
      const width = ruler.width(from, Math.min(to, firstLine)) + ruler.width(firstLine, to);
      const ms = Math.round((times[to - 1]?.end ?? 0) * 1000) - Math.round((times[from]?.start ?? 0) * 1000);
      const fits = to <= firstLine || (lines === 2 && ruler.width(firstLine, to) <= room);
      if (to > from + 1 && (!fits || ms > longestMs || pauseBefore(times, to - 1) >= longestPauseSeconds)) break;
      const filled = Math.min(1, Math.max(width / (lines * room), ms / longestMs));
      const ending = to === atoms.length ? 0 : breakCost(atoms, times, to);
      const cost = cueCost + ending + emptyCost * (1 - filled) ** 2 + (costFrom[to] ?? 0);
      if (cost < (costFrom[from] ?? 0)) [costFrom[from], ends[from]] = [cost, to];
    }
  }
  const cuts: (readonly [number, number])[] = [];
  for (let from = 0; from < atoms.length; from = ends[from] ?? atoms.length) cuts.push([from, ends[from] ?? 0]);
  return cuts;
}

function breakCost(atoms: readonly Atom[], times: readonly Timed[], at: number): number {
  const written = breakCosts[breakAfter(atoms[at - 1]?.text ?? "")];
  const pause = pauseBefore(times, at);
  if (pause >= 2 * pauseSeconds) return breakCosts.sentence;
  return pause >= pauseSeconds ? Math.min(written, breakCosts.clause) : written;
}

function pauseBefore(times: readonly Timed[], at: number): number {
  return (times[at]?.start ?? 0) - (times[at - 1]?.end ?? 0);
}
