import { VoxpoolError } from "../../base/errors.ts";
import type { WyomingEvent } from "./frames.ts";

/** What `transcribe` wishes for the audio that follows. */
export interface Wish {
  /** Name of a model. */
  readonly name?: string;
  readonly language?: string;
  /** Names and terms to expect. */
  readonly words?: readonly string[];
}

/** How the samples of an utterance are written: integers, little-endian. */
export interface SampleFormat {
  readonly rateHz: number;
  /** Bytes of a sample. */
  readonly width: number;
  readonly channels: number;
}

/** As many and as long as a live session takes; the rest is left out, since they are but hints. */
const mostWords = 1000;
const longestWord = 200;

type Data = WyomingEvent["data"];

/** @throws VoxpoolError `request_invalid` */
export function readWish(data: Data): Wish {
  const name = textIn(data, "name", 4096);
  const language = textIn(data, "language", 64);
  const words = [...textsIn(data.transcript_names), ...textsIn(data.transcript_terms)].slice(0, mostWords);
  return {
    ...(name !== undefined && { name }),
    ...(language !== undefined && { language }),
    ...(words.length > 0 && { words }),
  };
}

/** @throws VoxpoolError `request_invalid` */
export function readFormat(data: Data): SampleFormat {
  return {
    rateHz: numberIn(data, "rate", 4000, 192_000),
    width: numberIn(data, "width", 1, 4),
    channels: numberIn(data, "channels", 1, 8),
  };
}

export const isSameFormat = (one: SampleFormat, other: SampleFormat): boolean =>
  one.rateHz === other.rateHz && one.width === other.width && one.channels === other.channels;

/** Empty is as good as missing: clients fill in what nobody chose. */
function textIn(data: Data, name: string, longest: number): string | undefined {
  const value = data[name] ?? "";
  if (typeof value !== "string" || value.length > longest) throw invalid(`${name} is no text, or too long`);
  return value.trim() === "" ? undefined : value;
}

function textsIn(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (one): one is string => typeof one === "string" && one.trim() !== "" && one.length <= longestWord,
  );
}

function numberIn(data: Data, name: string, least: number, most: number): number {
  const value = data[name];
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(`${name} is no whole number from ${least} to ${most}`);
}

function invalid(detail: string): VoxpoolError {
  return new VoxpoolError("request_invalid", { detail });
}
