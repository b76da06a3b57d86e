import { VoxpoolError } from "../base/errors.ts";
import type { RawPcm } from "./audio.ts";
import { channelRange, rateRangeHz } from "./pcm.ts";

/** How a body is to be read. Without `raw` it is a container, recognised by its content. */
export interface AudioContentType {
  readonly raw?: RawPcm;
}

const containers = new Set(["application/octet-stream", "binary/octet-stream", "application/ogg"]);

/**
 * What a `Content-Type` header says about audio; undefined if it speaks of something else, or is none.
 * `audio/pcm` is 16-bit little-endian, `audio/l16` big-endian (RFC 2586); `rate` is required, `channels` is 1
 * unless given, `endianness` is `little-endian` or `big-endian`.
 * @throws VoxpoolError `option_invalid` for parameters of raw audio that are missing or bad
 */
export function parseAudioContentType(header: string): AudioContentType | undefined {
  const type = mediaType(header);
  if (type === undefined) return undefined;
  const { name, parameters } = type;
  if (name === "audio/pcm" || name === "audio/l16") return { raw: rawPcm(name, parameters) };
  if (name.startsWith("audio/") || name.startsWith("video/") || containers.has(name)) return {};
  return undefined;
}

function rawPcm(name: string, parameters: ReadonlyMap<string, string>): RawPcm {
  const rate = parameters.get("rate");
  if (rate === undefined) throw invalid("rate", `${name} does not say it; send ${name};rate=16000;channels=1`);
  const bits = parameters.get("bits") ?? "16";
  if (bits !== "16") throw invalid("bits", `raw audio is read as 16 bits, not ${shown(bits)}; send a WAV file instead`);
  return {
    rateHz: integer("rate", rate, rateRangeHz),
    channels: integer("channels", parameters.get("channels") ?? "1", channelRange),
    littleEndian: isLittleEndian(parameters.get("endianness"), name === "audio/pcm"),
  };
}

function isLittleEndian(endianness: string | undefined, otherwise: boolean): boolean {
  if (endianness === undefined) return otherwise;
  const value = endianness.toLowerCase();
  if (value === "little-endian" || value === "big-endian") return value === "little-endian";
  throw invalid("endianness", `${shown(endianness)} is not little-endian or big-endian`);
}

function integer(option: string, text: string, [least, most]: readonly [number, number]): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw invalid(option, `${shown(text)} is not a whole number from ${least} to ${most}`);
}

function invalid(option: string, detail: string): VoxpoolError {
  return new VoxpoolError("option_invalid", { option, detail });
}

/** A value from outside, short enough for a message. */
function shown(value: string): string {
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
}

// RFC 9110, 5.6.2 and 8.3.1. Sticky, so that every character is looked at once.
const typePattern = /^[ \t]*([!#$%&'*+\-.^_`|~\w]+\/[!#$%&'*+\-.^_`|~\w]+)/;
const parameterPattern = /[ \t]*;[ \t]*(?:([!#$%&'*+\-.^_`|~\w]+)=(?:([!#$%&'*+\-.^_`|~\w]+)|"((?:[^"\\]|\\.)*)"))?/y;

function mediaType(header: string): { name: string; parameters: ReadonlyMap<string, string> } | undefined {
  const type = typePattern.exec(header);
  if (type?.[1] === undefined) return undefined;
  const parameters = new Map<string, string>();
  parameterPattern.lastIndex = type[0].length;
  let end = type[0].length;
  for (let match = parameterPattern.exec(header); match !== null; match = parameterPattern.exec(header)) {
    end = parameterPattern.lastIndex;
    const [, name, token, quoted] = match;
    const value = token ?? quoted?.replace(/\\(.)/g, "$1");
    if (name !== undefined && value !== undefined && !parameters.has(name.toLowerCase())) {
      parameters.set(name.toLowerCase(), value);
    }
  }
  return header.slice(end).trim() === "" ? { name: type[1].toLowerCase(), parameters } : undefined;
}
