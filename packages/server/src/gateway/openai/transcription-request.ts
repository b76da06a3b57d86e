import type { TranscribeOptions } from "@voxpool/client/contract";
import {
  choiceOf,
  type Fields,
  flagOf,
  hintsIn,
  invalid,
  listOf,
  oneValue,
  parsed,
  plainName,
  refuseMisspelt,
} from "./fields.ts";

export type TranscriptionFormat = "json" | "text" | "srt" | "verbose_json" | "vtt";

/** What a form asks for. */
export interface TranscriptionRequest {
  /** As the caller wrote it. */
  readonly model: string;
  readonly format: TranscriptionFormat;
  readonly stream: boolean;
  /** What of the times `verbose_json` shows. */
  readonly granularities: { readonly words: boolean; readonly segments: boolean };
  /** All but the model. */
  readonly options: TranscribeOptions;
  /** Names of what came along and is of no effect. */
  readonly hints: readonly string[];
}

const formats = ["json", "text", "srt", "verbose_json", "vtt"] as const;
const granularityNames = ["word", "segment"] as const;
/** Names that nobody knows are repeated in a warning: so many of them, and so much of each. */
const shownStrange = { names: 10, length: 50 };

/**
 * Reads the fields of `POST /v1/audio/transcriptions`. What would change the output and cannot be done is an error;
 * what could only have helped becomes a hint.
 * @param strange names of parts that are no field of this call
 * @throws VoxpoolError `option_invalid`, `option_unknown` for one that is nearly a field
 */
export function readTranscriptionRequest(fields: Fields, strange: readonly string[]): TranscriptionRequest {
  refuseMisspelt(strange);
  const model = oneValue(fields, "model");
  if (model === undefined) throw invalid("model", "it is missing; whisper-1 stands for the default model");
  const format = formatOf(oneValue(fields, "response_format") ?? "json");
  const stream = flagOf(fields, "stream");
  if (stream && (format === "srt" || format === "vtt")) throw invalid("stream", "subtitles are not streamed");
  refuseIncludes(listOf(fields, "include"));
  const granularities = granularitiesOf(listOf(fields, "timestamp_granularities"), format, stream);
  const chunking = chunkingHints(fields);
  const { language, unused } = languageOf(fields);
  return {
    model,
    format,
    stream,
    granularities,
    options: {
      response_format: format,
      ...(language !== undefined && { language }),
      ...(granularities.words && { words: true }),
    },
    hints: [...hintsIn(fields), ...chunking, ...unused, ...unknownNames(strange)],
  };
}

function formatOf(value: string): TranscriptionFormat {
  if (value === "diarized_json") {
    throw invalid("response_format", "diarized_json needs a model that tells speakers apart, and there is none");
  }
  return choiceOf("response_format", value, formats);
}

function granularitiesOf(wished: readonly string[], format: TranscriptionFormat, stream: boolean) {
  const name = "timestamp_granularities";
  const known = wished.map((value) => choiceOf(name, value, granularityNames));
  if (known.length > 0 && format !== "verbose_json") throw invalid(name, "it goes with response_format verbose_json");
  const words = known.includes("word");
  if (words && stream) throw invalid(name, "a streamed answer has no times; leave out stream");
  return { words, segments: known.length === 0 || known.includes("segment") };
}

function refuseIncludes(wished: readonly string[]): void {
  if (wished.length === 0) return;
  choiceOf("include", wished.find((value) => value !== "logprobs") ?? "logprobs", ["logprobs"]);
  throw invalid("include", "no model here gives logprobs");
}

/** `auto`, or how OpenAI's detector is to be set: it is checked, but ours finds the pauses by itself. */
function chunkingHints(fields: Fields): readonly string[] {
  const name = "chunking_strategy";
  const whole = oneValue(fields, name);
  if (whole === "auto" || whole === "null") return [];
  const asObject = whole === undefined ? undefined : objectOf(name, whole);
  const parts = asObject ?? bracketed(fields, name);
  if (parts.size === 0) return [];
  const type = parts.get("type") ?? "server_vad";
  if (type !== "server_vad") throw invalid(`${name}[type]`, "it is not server_vad");
  const numbers = Array.from(parts).filter(([key]) => key !== "type");
  for (const [key, value] of numbers) {
    if (!Number.isFinite(Number(value)) || value === "")
      throw invalid(`${name}[${key.slice(0, 50)}]`, "it is no number");
  }
  return numbers.length > 0 ? [name] : [];
}

function objectOf(name: string, text: string): ReadonlyMap<string, unknown> {
  const value = text.trimStart().startsWith("{") ? parsed(name, text) : undefined;
  if (typeof value !== "object" || value === null) throw invalid(name, "it is neither auto nor an object");
  return new Map(Object.entries(value));
}

/** `chunking_strategy[threshold]` by `threshold`. */
function bracketed(fields: Fields, name: string): ReadonlyMap<string, unknown> {
  const own = Array.from(fields).filter(([field]) => field !== name && plainName(field) === name);
  return new Map(own.map(([field]) => [field.slice(name.length + 1, -1), oneValue(fields, field)]));
}

/** One language chooses the model; of several that might be spoken nothing makes use. */
function languageOf(fields: Fields): { readonly language: string | undefined; readonly unused: readonly string[] } {
  const language = oneValue(fields, "language");
  const several = listOf(fields, "languages");
  if (language !== undefined) return { language, unused: several.length > 0 ? ["languages"] : [] };
  return several.length > 1 ? { language: undefined, unused: ["languages"] } : { language: several[0], unused: [] };
}

function unknownNames(strange: readonly string[]): readonly string[] {
  const names = [...new Set(strange.map((name) => name.slice(0, shownStrange.length)))];
  return names.slice(0, shownStrange.names);
}
