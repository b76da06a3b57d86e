import { deflateSync } from "node:zlib";
import type { Segment, Transcript } from "@voxpool/client/contract";
import { writeSubtitles } from "../../api/subtitles/subtitles.ts";
import type { TranscriptionRequest } from "./transcription-request.ts";

export interface TranscriptionAnswer {
  readonly contentType: string;
  readonly body: string;
}

/**
 * A transcript in the format that was asked for. What is no JSON must not have its type: the SDK for Node would parse
 * it.
 */
export function transcriptionAnswer(
  transcript: Transcript,
  { format, granularities }: Pick<TranscriptionRequest, "format" | "granularities">,
): TranscriptionAnswer {
  if (format === "text") return { contentType: "text/plain; charset=utf-8", body: `${transcript.text}\n` };
  if (format === "srt" || format === "vtt") {
    const contentType = format === "srt" ? "application/x-subrip; charset=utf-8" : "text/vtt; charset=utf-8";
    return { contentType, body: writeSubtitles(format, transcript.segments) };
  }
  const body = format === "json" ? shortJson(transcript) : verboseJson(transcript, granularities);
  return { contentType: "application/json; charset=utf-8", body: JSON.stringify(body) };
}

function shortJson(transcript: Transcript) {
  return { text: transcript.text, usage: usageOf(transcript.duration), ...warningsOf(transcript) };
}

function verboseJson(transcript: Transcript, granularities: TranscriptionRequest["granularities"]) {
  const { text, language, duration, segments } = transcript;
  return {
    task: "transcribe",
    language: languageName(language),
    duration,
    text,
    ...(granularities.words && { words: segments.flatMap(wordsOf) }),
    ...(granularities.segments && { segments: segments.map(segmentOf) }),
    usage: usageOf(duration),
    ...warningsOf(transcript),
  };
}

/** How long the audio was; a time to the millisecond. */
function usageOf(durationSeconds: number) {
  return { type: "duration", seconds: Math.round(durationSeconds * 1000) / 1000 } as const;
}

/** What was of no effect is said, beside what OpenAI answers. */
function warningsOf({ warnings }: Transcript) {
  return warnings.length > 0 ? { warnings } : {};
}

const wordsOf = ({ words = [] }: Segment) => words.map(({ word, start, end }) => ({ word, start, end }));

/**
 * `compression_ratio` is computed as Whisper does it, since clients find repetition by it. What no engine here knows
 * is neutral: clients that drop segments by it drop none.
 */
function segmentOf({ id, start, end, text }: Segment) {
  return {
    id,
    seek: 0,
    start,
    end,
    text,
    tokens: [],
    temperature: 0,
    avg_logprob: 0,
    compression_ratio: compressionRatio(text),
    no_speech_prob: 0,
  };
}

function compressionRatio(text: string): number {
  const bytes = Buffer.from(text, "utf8");
  return Math.round((bytes.length / deflateSync(bytes).length) * 1000) / 1000;
}

const englishNames = new Intl.DisplayNames("en", { type: "language" });

/** `zh` -> `chinese`; `unknown` where nobody knows. */
function languageName(tag: string | undefined): string {
  if (tag === undefined) return "unknown";
  try {
    return (englishNames.of(tag) ?? tag).toLowerCase();
  } catch {
    return tag.toLowerCase(); // a manifest may call a language anything
  }
}

export const deltaEvent = (delta: string) => ({ type: "transcript.text.delta", delta });

/** Its usage could only count tokens, so there is none. */
export const doneEvent = ({ text }: Pick<Transcript, "text">) => ({ type: "transcript.text.done", text });
