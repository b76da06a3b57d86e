import { channelPrefix } from "./channel-prefix.ts";
import { type Cue, type CueLimits, type CueSource, cuesOf } from "./cues.ts";

/** What of a segment goes into subtitles; times in seconds from the start of the recording. */
export type SubtitleSegment = CueSource;

export type SubtitleFormat = "srt" | "vtt" | "tsv" | "lrc";

/** Segments as subtitles; those without text make no cue. Where segments have a channel, each cue names it. */
export function writeSubtitles(format: SubtitleFormat, segments: readonly SubtitleSegment[]): string {
  return writers[format](segments);
}

const twoLines: CueLimits = { lines: 2 };
const oneLine: CueLimits = { lines: 1 };

const writers: Readonly<Record<SubtitleFormat, (segments: readonly SubtitleSegment[]) => string>> = {
  srt: toSrt,
  vtt: toVtt,
  tsv: toTsv,
  lrc: toLrc,
};

/** SubRip: numbered cues, a comma before the milliseconds. */
function toSrt(segments: readonly SubtitleSegment[]): string {
  return cuesOf(segments, { ...twoLines, prefix: channelPrefix })
    .map((cue, index) => `${index + 1}\n${span(cue, ",")}\n${channelPrefix(cue.channel)}${cue.lines.join("\n")}\n\n`)
    .join("");
}

/** WebVTT: its text is markup, so `&`, `<` and `>` are escaped; that also keeps `-->` out of it. */
function toVtt(segments: readonly SubtitleSegment[]): string {
  const cues = cuesOf(segments, twoLines).map((cue) => {
    const voice = cue.channel === undefined ? "" : `<v Channel ${cue.channel + 1}>`;
    return `${span(cue, ".")}\n${voice}${escapeMarkup(cue.lines.join("\n"))}\n\n`;
  });
  return `WEBVTT\n\n${cues.join("")}`;
}

/** Whisper's table: a header, then start and end in whole milliseconds and the text, between tabs. */
function toTsv(segments: readonly SubtitleSegment[]): string {
  const rows = cuesOf(segments, twoLines).map(
    (cue) => `${cue.startMs}\t${cue.endMs}\t${channelPrefix(cue.channel)}${cue.text}\n`,
  );
  return `start\tend\ttext\n${rows.join("")}`;
}

/** After so long a pause a player of lyrics should clear its line. */
const clearAfterMs = 1000;

/** Lyrics: one line at a time, with its start; a start without text ends the line before it where a pause follows. */
function toLrc(segments: readonly SubtitleSegment[]): string {
  const cues = cuesOf(segments, { ...oneLine, prefix: channelPrefix });
  let shownUntilMs = 0;
  return cues
    .map((cue, index) => {
      shownUntilMs = Math.max(shownUntilMs, cue.endMs);
      const next = cues[index + 1];
      const isCleared = next === undefined || next.startMs - shownUntilMs >= clearAfterMs;
      const text = `${channelPrefix(cue.channel)}${cue.text}`;
      // What begins with a bracket would be taken for one more tag.
      const line = `[${lyricsClock(cue.startMs)}]${text.startsWith("[") ? " " : ""}${text}\n`;
      return isCleared ? `${line}[${lyricsClock(shownUntilMs)}]\n` : line;
    })
    .join("");
}

function span({ startMs, endMs }: Cue, point: "," | "."): string {
  return `${clock(startMs, point)} --> ${clock(endMs, point)}`;
}

/** `HH:MM:SS,mmm`; hours grow beyond two digits where they have to. */
function clock(totalMs: number, point: "," | "."): string {
  const hours = padded(Math.floor(totalMs / 3_600_000));
  const minutes = padded(Math.floor(totalMs / 60_000) % 60);
  const seconds = padded(Math.floor(totalMs / 1000) % 60);
  return `${hours}:${minutes}:${seconds}${point}${padded(totalMs % 1000, 3)}`;
}

/** `MM:SS.xx`; minutes grow beyond two digits, there are no hours. Rounded down, so that no line comes after its voice. */
function lyricsClock(totalMs: number): string {
  const minutes = padded(Math.floor(totalMs / 60_000));
  const seconds = padded(Math.floor(totalMs / 1000) % 60);
  return `${minutes}:${seconds}.${padded(Math.floor(totalMs / 10) % 100)}`;
}

function padded(value: number, digits = 2): string {
  return String(value).padStart(digits, "0");
}

function escapeMarkup(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
