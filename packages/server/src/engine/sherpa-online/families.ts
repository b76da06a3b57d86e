import { basename } from "node:path";
import { readOnnxMetadata } from "../detect/onnx.ts";
import type { OnlineModel } from "./library.ts";

/** Path of the file of a role. */
export type FileOf = (role: string) => string;

/** How a model takes its input, seconds. */
export interface Chunks {
  /** So much has to be there before a chunk is decoded, and so much of it is then done with. */
  readonly lengthSeconds: number;
  readonly shiftSeconds: number;
  /** By how much the times of tokens are to be multiplied. */
  readonly timeScale: number;
}

/** A kind of model that sherpa's online recogniser can load. A new kind is one more entry below. */
export interface OnlineFamily {
  /** The files it needs, by role; the names are those of `ModelSpec.files`. */
  readonly roles: readonly string[];
  /** Whether it gives a time with each token. */
  readonly words: boolean;
  /** Whether its tokens are words or characters without spaces, where `@@` at the end means that the word goes on. */
  readonly wordTokens?: boolean;
  /** Whether it takes 8 kHz and not 16. */
  readonly isTelephone?: boolean;
  /** Whether chunks of several streams are one input of the network. */
  readonly together: boolean;
  /** Whether hotwords can be searched for, given that words can be cut into its tokens. */
  readonly hotwords?: boolean;
  readonly model: (file: FileOf) => Omit<OnlineModel, "tokens"> | Promise<Omit<OnlineModel, "tokens">>;
  readonly chunks: (file: FileOf) => Promise<Chunks>;
}

/** All features have a step of 10 ms. */
const frameSeconds = 0.01;

/** The library takes the step of all CTC models for four frames. */
const assumedSubsampling = 4;

/** A chunk of FunASR's streaming Paraformer, frames; the library's own number, it is not in the files. */
const paraformerFrames = 61;

const chunksFrom =
  (role: string, length: string, shift: string) =>
  async (file: FileOf): Promise<Chunks> => {
    const number = await numbersOf(file(role));
    return { lengthSeconds: number(length) * frameSeconds, shiftSeconds: number(shift) * frameSeconds, timeScale: 1 };
  };

const partsOf = (file: FileOf) => ({
  transducer: { encoder: file("encoder"), decoder: file("decoder"), joiner: file("joiner") },
});

const transducer = { roles: ["encoder", "decoder", "joiner", "tokens"], words: true, together: true } as const;

const ctc = { roles: ["model", "tokens"], words: true, together: true } as const;

export const onlineFamilies: Readonly<Record<string, OnlineFamily>> = {
  transducer: {
    ...transducer,
    hotwords: true,
    model: async (file) => {
      const modelType = (await metadataOf(file("encoder"))).get("model_type") ?? "";
      return { ...partsOf(file), ...(/^[a-z0-9]+$/.test(modelType) && { modelType }) };
    },
    chunks: chunksFrom("encoder", "T", "decode_chunk_len"),
  },
  "nemo-transducer": {
    ...transducer,
    model: partsOf,
    chunks: chunksFrom("encoder", "window_size", "chunk_shift"),
  },
  paraformer: {
    roles: ["encoder", "decoder", "tokens"],
    words: false,
    together: false,
    wordTokens: true,
    model: (file) => ({ paraformer: { encoder: file("encoder"), decoder: file("decoder") } }),
    chunks: async () => ({
      lengthSeconds: paraformerFrames * frameSeconds,
      shiftSeconds: (paraformerFrames - 1) * frameSeconds,
      timeScale: 1,
    }),
  },
  "zipformer-ctc": {
    ...ctc,
    model: (file) => ({ zipformer2Ctc: file("model") }),
    chunks: chunksFrom("model", "T", "decode_chunk_len"),
  },
  "nemo-ctc": {
    ...ctc,
    model: (file) => ({ nemoCtc: file("model") }),
    chunks: async (file) => ({
      ...(await chunksFrom("model", "window_size", "chunk_shift")(file)),
      timeScale: (await numbersOf(file("model")))("subsampling_factor") / assumedSubsampling,
    }),
  },
  "t-one-ctc": {
    ...ctc,
    isTelephone: true,
    model: (file) => ({ toneCtc: file("model") }),
    chunks: async (file) => {
      const seconds = (await numbersOf(file("model")))("frame_length_ms") / 1000;
      return { lengthSeconds: seconds, shiftSeconds: seconds, timeScale: 1 };
    },
  },
};

async function numbersOf(path: string): Promise<(key: string) => number> {
  const metadata = await metadataOf(path);
  return (key) => Number(metadata.get(key));
}

function metadataOf(path: string): Promise<ReadonlyMap<string, string>> {
  return readOnnxMetadata(basename(path), path);
}
