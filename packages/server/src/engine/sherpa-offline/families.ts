import type { OfflineModelConfig } from "../sherpa/native.ts";

/** A kind of model that sherpa's offline recogniser can load. A new kind is one more entry below. */
export interface SherpaFamily {
  /** The files it needs, by role; the names are those of `ModelSpec.files`. */
  readonly roles: readonly string[];
  /** Longest segment that it decodes well, seconds. */
  readonly maxSegmentSeconds: number;
  /** Whether it gives a time with each token, from which word times are made. */
  readonly words: boolean;
  /** Whether its text comes with punctuation. */
  readonly punctuates?: boolean;
  /** Whether it takes the option `use_itn` with each stream. */
  readonly itnOption?: boolean;
  /** Whether its tokens are words or characters without spaces, where `@@` at the end means that the word goes on. */
  readonly wordTokens?: boolean;
  /** The files, by role, in sherpa's own terms; `tokens` is given to all kinds alike. */
  readonly modelConfig: (file: (role: string) => string) => OfflineModelConfig;
}

export const sherpaFamilies: Readonly<Record<string, SherpaFamily>> = {
  moonshine: {
    roles: ["encoder", "mergedDecoder", "tokens"],
    maxSegmentSeconds: 20,
    words: false,
    punctuates: true,
    modelConfig: (file) => ({ moonshine: { encoder: file("encoder"), mergedDecoder: file("mergedDecoder") } }),
  },
  "nemo-ctc": {
    roles: ["model", "tokens"],
    maxSegmentSeconds: 30,
    words: true,
    modelConfig: (file) => ({ nemoCtc: { model: file("model") } }),
  },
};
