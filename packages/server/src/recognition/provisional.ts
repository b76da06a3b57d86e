import { joinText } from "../engine/text/join.ts";

/** What one model heard of the part of a recording that another model has not come to. Times are seconds of that recording. */
export interface Provisional {
  /** Everything before this is replaced by what the better model heard. */
  readonly replacedTo: number;
  /** Utterances that are over for the model that is fast. */
  readonly pieces: readonly Piece[];
  /** The one under way. */
  readonly open?: Omit<Piece, "endSeconds"> | undefined;
}

export interface Piece {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly text: string;
}

export const nothingHeard: Provisional = { replacedTo: 0, pieces: [] };

/** The edges that two models find of the same speech differ by as much. */
const toleranceSeconds = 0.05;

/** More than waits for a model that keeps up; the oldest are left out. */
const mostPieces = 50;

/** An utterance is over for the fast model. Pure. */
export function withPiece(before: Provisional, piece: Piece): Provisional {
  const { replacedTo } = before;
  const isNews = piece.text !== "" && !isReplaced(piece, replacedTo);
  return { replacedTo, pieces: (isNews ? [...before.pieces, piece] : before.pieces).slice(-mostPieces) };
}

/** What the fast model hears of the utterance under way. Pure. */
export function withOpen(before: Provisional, startSeconds: number, text: string): Provisional {
  return { ...before, open: text === "" ? undefined : { startSeconds, text } };
}

/** The better model has heard all before a second: what was heard of that by the other is of no use any more. Pure. */
export function withoutReplaced(before: Provisional, seconds: number): Provisional {
  const replacedTo = Math.max(before.replacedTo, seconds);
  return { ...before, replacedTo, pieces: before.pieces.filter((piece) => !isReplaced(piece, replacedTo)) };
}

/** What there is to be shown; undefined: nothing. Pure. @param isVerbatim spaces between Chinese words stay */
export function shownOf({ pieces, open, replacedTo }: Provisional, isVerbatim: boolean) {
  // Of what began before, nobody knows which words are replaced.
  const isOpenNews = open !== undefined && open.startSeconds >= replacedTo - toleranceSeconds;
  const shown = isOpenNews ? [...pieces, open] : pieces;
  const [first] = shown;
  if (first === undefined) return undefined;
  const texts = shown.map(({ text }) => text);
  return { startSeconds: first.startSeconds, text: isVerbatim ? texts.join(" ") : joinText(texts) };
}

const isReplaced = ({ startSeconds, endSeconds }: Piece, replacedTo: number): boolean =>
  (startSeconds + endSeconds) / 2 < replacedTo;

/** A place from which on so many samples of the recording were left out before. */
export interface Gap {
  /** Counted without what was left out. */
  readonly at: number;
  readonly skipped: number;
}

/** The recording's second of one that is counted without the gaps, which stand in order. Pure. */
export function placeOf(gaps: readonly Gap[], seconds: number, rateHz: number): number {
  const gap = gaps.findLast(({ at }) => at <= seconds * rateHz);
  return seconds + (gap?.skipped ?? 0) / rateHz;
}
