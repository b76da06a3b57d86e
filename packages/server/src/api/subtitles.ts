/** What of a segment goes into a subtitle; times in seconds from the start of the recording. */
export interface SubtitleSegment {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** SubRip: numbered cues, a comma before the milliseconds. Segments without text make no cue. */
export function toSrt(segments: readonly SubtitleSegment[]): string {
  return cuesOf(segments)
    .map(({ start, end, lines }, index) => `${index + 1}\n${clock(start, ",")} --> ${clock(end, ",")}\n${lines}\n\n`)
    .join("");
}

/** WebVTT: its text is markup, so `&`, `<` and `>` are escaped; that also keeps `-->` out of it. */
export function toVtt(segments: readonly SubtitleSegment[]): string {
  const cues = cuesOf(segments).map(
    ({ start, end, lines }) => `${clock(start, ".")} --> ${clock(end, ".")}\n${escapeMarkup(lines)}\n\n`,
  );
  return `WEBVTT\n\n${cues.join("")}`;
}

interface Cue {
  readonly start: number;
  readonly end: number;
  readonly lines: string;
}

function cuesOf(segments: readonly SubtitleSegment[]): readonly Cue[] {
  return segments
    .map(({ start, end, text }) => ({ start, end: Math.max(start, end), lines: linesOf(text) }))
    .filter(({ lines }) => lines !== "");
}

/** An empty line would end the cue in the middle of its text. */
function linesOf(text: string): string {
  return text
    .split(/\r\n|[\r\n\u2028\u2029]/)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");
}

/** `HH:MM:SS,mmm`; hours grow beyond two digits where they have to. Rounded once, so that no second is ever 60. */
function clock(seconds: number, point: "," | "."): string {
  const total = Math.max(0, Math.round(seconds * 1000));
  const [hours, minutes, rest] = [Math.floor(total / 3_600_000), Math.floor(total / 60_000) % 60, total % 60_000];
  return `${two(hours)}:${two(minutes)}:${two(Math.floor(rest / 1000))}${point}${String(rest % 1000).padStart(3, "0")}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function escapeMarkup(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
