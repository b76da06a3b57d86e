import type { RawPcm } from "./audio.ts";

/** Placeholder until the audio piece brings the real one: no checks of the parameters. */
export function parseAudioContentType(header: string): { raw?: RawPcm } | undefined {
  const [media = "", ...rest] = header.split(";").map((part) => part.trim().toLowerCase());
  const parameters = new Map(rest.map((part) => [part.split("=")[0], part.split("=")[1]]));
  const raw = (littleEndian: boolean): RawPcm => ({
    rateHz: Number(parameters.get("rate")),
    channels: Number(parameters.get("channels") ?? 1),
    littleEndian,
  });
  if (media === "audio/pcm") return { raw: raw(true) };
  if (media === "audio/l16") return { raw: raw(parameters.get("endianness") === "little-endian") };
  return media.startsWith("audio/") || media === "application/octet-stream" ? {} : undefined;
}
