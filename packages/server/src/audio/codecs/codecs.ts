import type { Codec, CodecName } from "./codec.ts";

/** Loaded when the first recording needs it: most threads never meet most codecs. */
const loaders: Readonly<Record<CodecName, () => Promise<Codec>>> = {
  opus: async () => (await import("./opus.ts")).opus,
  vorbis: async () => (await import("./vorbis.ts")).vorbis,
  flac: async () => (await import("./flac.ts")).flac,
  aac: async () => (await import("./aac.ts")).aac,
  mp3: async () => (await import("./mpeg.ts")).mpeg,
};

export function loadCodec(name: CodecName): Promise<Codec> {
  return loaders[name]();
}
