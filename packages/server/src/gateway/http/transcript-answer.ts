import type { ResponseFormat, Segment, TranscribeEvent, Transcript } from "@voxpool/client/contract";
import { type SubtitleFormat, writeSubtitles } from "../../api/subtitles/subtitles.ts";

/** How much of a transcript the caller wants to see. */
export interface TranscriptView {
  /** Word times: in `verbose_json`, and wherever they were demanded. */
  readonly words: boolean;
  readonly timings: boolean;
}

export interface RenderedTranscript {
  readonly contentType: string;
  readonly body: string;
}

/** Lyrics have no registered type, and a browser shows them as text. */
const subtitleTypes: Readonly<Record<SubtitleFormat, string>> = {
  srt: "application/x-subrip",
  vtt: "text/vtt",
  tsv: "text/tab-separated-values",
  lrc: "text/plain",
};

export function viewOf(format: ResponseFormat, wordsDemanded: boolean): TranscriptView {
  const verbose = format === "verbose_json";
  return { words: verbose || wordsDemanded, timings: verbose };
}

/** The transcript as the body of an answer. */
export function renderTranscript(
  transcript: Transcript,
  format: ResponseFormat,
  view: TranscriptView,
): RenderedTranscript {
  if (format === "text") return { contentType: "text/plain; charset=utf-8", body: `${transcript.text}\n` };
  if (format === "json" || format === "verbose_json") {
    const body = JSON.stringify(viewTranscript(transcript, view));
    return { contentType: "application/json; charset=utf-8", body };
  }
  const contentType = `${subtitleTypes[format]}; charset=utf-8`;
  return { contentType, body: writeSubtitles(format, transcript.segments) };
}

/** The event as the caller wants to see it. */
export function viewEvent(event: TranscribeEvent, view: TranscriptView): TranscribeEvent {
  if (event.type === "segment") return { ...event, segment: viewSegment(event.segment, view) };
  return event.type === "done" ? { ...event, transcript: viewTranscript(event.transcript, view) } : event;
}

function viewTranscript({ timings, ...transcript }: Transcript, view: TranscriptView): Transcript {
  return {
    ...transcript,
    segments: transcript.segments.map((segment) => viewSegment(segment, view)),
    ...(view.timings && timings !== undefined && { timings }),
  };
}

function viewSegment({ words, ...segment }: Segment, view: TranscriptView): Segment {
  return view.words && words !== undefined ? { ...segment, words } : segment;
}
