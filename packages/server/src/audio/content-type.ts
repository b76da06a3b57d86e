import type { RawPcm } from "./audio.ts";

/** Placeholder until the audio piece brings the real one: containers only. */
export function parseAudioContentType(header: string): { raw?: RawPcm } | undefined {
  const media = (header.split(";", 1)[0] ?? "").trim().toLowerCase();
  return media.startsWith("audio/") || media === "application/octet-stream" ? {} : undefined;
}
