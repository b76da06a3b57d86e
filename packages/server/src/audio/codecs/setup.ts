import { damaged, unsupported } from "../format.ts";
import { rateRangeHz } from "../pcm.ts";
import type { CodecName, CodecSetup } from "./codec.ts";

/** What decoders can do: more is a mistake or an attack. */
const mostChannels = 8;
const mp3RangeHz = [8000, 48_000] as const;

/** As people write them. */
export const codecNames: Readonly<Record<CodecName, string>> = {
  opus: "Opus",
  vorbis: "Vorbis",
  flac: "FLAC",
  aac: "AAC",
  mp3: "MP3",
};

/**
 * The one way to a setup, whatever the container: rates and channels come from files.
 * @throws VoxpoolError `audio_invalid` for what cannot be true, `audio_unsupported` for what is not read
 */
export function codecSetup(
  codec: CodecName,
  channels: number,
  rateHz: number,
  headers: readonly Uint8Array[] = [],
): CodecSetup {
  const name = codecNames[codec];
  if (!(channels > 0)) throw damaged(`its ${name} header says 0 channels`);
  if (channels > mostChannels) throw unsupported(`${name} with ${channels} channels; at most ${mostChannels} are read`);
  if (!(rateHz > 0 && rateHz < Number.POSITIVE_INFINITY))
    throw damaged(`its ${name} header says ${rateHz} samples a second`);
  const [least, most] = codec === "mp3" ? mp3RangeHz : rateRangeHz;
  if (!Number.isInteger(rateHz) || rateHz < least || rateHz > most)
    throw unsupported(`${name} with ${rateHz} samples a second`);
  return { codec, channels, rateHz, headers };
}

/** Whether packets of both can go through one decoder. */
export function sameSound(a: CodecSetup, b: CodecSetup): boolean {
  return a.codec === b.codec && a.channels === b.channels && a.rateHz === b.rateHz;
}
