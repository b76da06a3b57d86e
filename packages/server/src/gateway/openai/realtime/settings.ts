import type { LiveOptions } from "@voxpool/client/contract";
import { invalid } from "../fields.ts";
import { refuseMisspeltFields } from "./session-fields.ts";

/** How audio comes in. */
export type AudioFormat =
  | { readonly type: "audio/pcm"; readonly rate: number }
  | { readonly type: "audio/pcmu" }
  | { readonly type: "audio/pcma" };

/** How the server finds the ends of what is said. */
export interface TurnDetection {
  readonly threshold: number;
  /** Told back; the padding of the server is its own. */
  readonly prefixPaddingMs: number;
  readonly silenceMs: number;
}

/** What a session is set to. */
export interface RealtimeSettings {
  readonly format: AudioFormat;
  readonly model: string | undefined;
  readonly language: string | undefined;
  /** Told back; no engine here uses it. */
  readonly prompt: string | undefined;
  /** null: the client says where a turn ends. */
  readonly detection: TurnDetection | null;
}

/** `current`, or what OpenAI called beta. */
export type RealtimeForm = "current" | "beta";

const defaultDetection: TurnDetection = { threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500 };

/** @param model of the URL */
export function initialSettings(model: string | undefined): RealtimeSettings {
  const format = { type: "audio/pcm", rate: 24_000 } as const;
  return { format, model, language: undefined, prompt: undefined, detection: defaultDetection };
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The settings with what an update says; what it leaves out keeps its value, and what is of the conversations that
 * OpenAI has beside transcriptions is not looked at.
 * @throws VoxpoolError `option_invalid`, `option_unknown` for what is nearly a field; both name it
 */
export function updatedSettings(settings: RealtimeSettings, session: unknown, form: RealtimeForm): RealtimeSettings {
  const given = objectAt(session, "session");
  refuseMisspeltFields(given);
  refuseIncludes(given["include"]);
  return form === "beta" ? updatedFlat(settings, given) : updatedNested(settings, given);
}

function updatedNested(settings: RealtimeSettings, given: Fields): RealtimeSettings {
  const place = "session.audio.input";
  const audio = given["audio"] === undefined ? {} : objectAt(given["audio"], "session.audio");
  const input = audio["input"] === undefined ? {} : objectAt(audio["input"], place);
  const { format, transcription, turn_detection: detection } = input;
  return {
    ...settings,
    ...(isGiven(format) && { format: formatOf(format, settings.format, `${place}.format`) }),
    ...transcriptionOf(settings, transcription, `${place}.transcription`),
    ...(detection !== undefined && { detection: detectionOf(detection, settings, `${place}.turn_detection`) }),
  };
}

const flatFormats: Readonly<Record<string, AudioFormat>> = {
  pcm16: { type: "audio/pcm", rate: 24_000 },
  g711_ulaw: { type: "audio/pcmu" },
  g711_alaw: { type: "audio/pcma" },
};

function updatedFlat(settings: RealtimeSettings, given: Fields): RealtimeSettings {
  const { input_audio_format: name, input_audio_transcription: transcription, turn_detection: detection } = given;
  const format = typeof name === "string" && Object.hasOwn(flatFormats, name) ? flatFormats[name] : undefined;
  if (isGiven(name) && format === undefined) {
    throw invalid("session.input_audio_format", "it is none of pcm16, g711_ulaw, g711_alaw");
  }
  return {
    ...settings,
    ...(format !== undefined && { format }),
    ...transcriptionOf(settings, transcription, "session.input_audio_transcription"),
    ...(detection !== undefined && { detection: detectionOf(detection, settings, "session.turn_detection") }),
  };
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

function formatOf(value: unknown, before: AudioFormat, place: string): AudioFormat {
  const { type = before.type, rate } = objectAt(value, place);
  if (type === "audio/pcmu" || type === "audio/pcma") return { type };
  if (type !== "audio/pcm") throw invalid(`${place}.type`, "it is none of audio/pcm, audio/pcmu, audio/pcma");
  const kept = before.type === "audio/pcm" ? before.rate : 24_000;
  const hertz = isGiven(rate) ? numberAt(rate, `${place}.rate`, 4000, 192_000) : kept;
  if (!Number.isInteger(hertz)) throw invalid(`${place}.rate`, "it is no whole number");
  return { type, rate: hertz };
}

function transcriptionOf(
  { model, language, prompt }: RealtimeSettings,
  value: unknown,
  place: string,
): Pick<RealtimeSettings, "model" | "language" | "prompt"> {
  if (!isGiven(value)) return { model, language, prompt };
  const given = objectAt(value, place);
  return {
    model: textAt(given["model"], model, `${place}.model`, 4096),
    language: textAt(given["language"], language, `${place}.language`, 64),
    prompt: textAt(given["prompt"], prompt, `${place}.prompt`, 16_384),
  };
}

/** Left out it stays; null and an empty text take it away. */
function textAt(value: unknown, before: string | undefined, place: string, most: number): string | undefined {
  if (value === undefined) return before;
  if (value === null || value === "") return undefined;
  if (typeof value !== "string") throw invalid(place, "it is no text");
  if (value.length > most) throw invalid(place, `it is longer than ${most} characters`);
  return value;
}

function detectionOf(value: unknown, { detection }: RealtimeSettings, place: string): TurnDetection | null {
  if (value === null) return null;
  const given = objectAt(value, place);
  const { type = "server_vad" } = given;
  if (type !== "server_vad") throw invalid(`${place}.type`, "it is not server_vad");
  const before = detection ?? defaultDetection;
  const number = (name: string, kept: number, most: number): number =>
    isGiven(given[name]) ? numberAt(given[name], `${place}.${name}`, 0, most) : kept;
  return {
    threshold: number("threshold", before.threshold, 1),
    prefixPaddingMs: number("prefix_padding_ms", before.prefixPaddingMs, 60_000),
    silenceMs: number("silence_duration_ms", before.silenceMs, 60_000),
  };
}

function numberAt(value: unknown, place: string, least: number, most: number): number {
  if (typeof value !== "number") throw invalid(place, "it is no number");
  if (value < least || value > most) throw invalid(place, `it is not between ${least} and ${most}`);
  return value;
}

function objectAt(value: unknown, place: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw invalid(place, "it is no object");
}

/** @throws VoxpoolError `option_invalid` */
function refuseIncludes(include: unknown): void {
  const isNone = !isGiven(include) || (Array.isArray(include) && include.length === 0);
  if (!isNone) throw invalid("session.include", "no model here gives logprobs");
}

/** The session as the client is told of it, with everything that can be set. */
export function sessionObject(id: string, settings: RealtimeSettings, form: RealtimeForm): object {
  const { format, detection, model = "whisper-1", language, prompt } = settings;
  const told = detection && {
    type: "server_vad",
    threshold: detection.threshold,
    prefix_padding_ms: detection.prefixPaddingMs,
    silence_duration_ms: detection.silenceMs,
  };
  const transcription = { model, language: language ?? null, prompt: prompt ?? "" };
  const object = "realtime.transcription_session";
  if (form === "beta") {
    return {
      id,
      object,
      input_audio_format: flatName(format),
      input_audio_transcription: transcription,
      turn_detection: told,
    };
  }
  return { type: "transcription", id, object, audio: { input: { format, transcription, turn_detection: told } } };
}

function flatName({ type }: AudioFormat): string {
  if (type === "audio/pcm") return "pcm16";
  return type === "audio/pcmu" ? "g711_ulaw" : "g711_alaw";
}

/** What the live recognition is opened with, but for its model. */
export function liveOptionsOf({ format, language, detection }: RealtimeSettings): LiveOptions {
  return {
    ...encodingOf(format),
    ...(language !== undefined && { language }),
    endpointing:
      detection === null
        ? { mode: "manual" }
        : { mode: "auto", threshold: detection.threshold, silence_ms: silenceMs(detection) },
  };
}

/** Shorter pauses are between words, and in longer ones nobody waits. */
const silenceMs = (detection: TurnDetection): number =>
  Math.min(Math.max(Math.round(detection.silenceMs), 100), 10_000);

function encodingOf(format: AudioFormat): Pick<LiveOptions, "encoding" | "sample_rate"> {
  if (format.type === "audio/pcm") return { encoding: "s16le", sample_rate: format.rate };
  return { encoding: format.type === "audio/pcmu" ? "mulaw" : "alaw", sample_rate: 8000 };
}

/** How long bytes of audio last. */
export function durationMs(format: AudioFormat, bytes: number): number {
  return format.type === "audio/pcm" ? (bytes / 2 / format.rate) * 1000 : bytes / 8;
}
