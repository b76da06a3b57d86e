import type { ModelSpec } from "../engine.ts";

/** A kind of model: which files make it up, and what tells it from other kinds with files of the same names. */
export interface Layout extends Pick<ModelSpec, "engine" | "family" | "segmenter"> {
  /** The files that must be there, by role; the roles are the engine's. */
  readonly roles: Readonly<Record<string, RolePattern>>;
  /** Keys in the metadata of the ONNX file of a role; the engine ends its process without them. */
  readonly metadata?: { readonly role: string; readonly keys: readonly string[] };
  /** Tokens that the table of tokens must have; the engine ends its process without them. */
  readonly tokens?: readonly string[];
  /** The engine opens the folder by itself: all its files count, not those of the roles alone. */
  readonly wholeFolder?: boolean;
}

export interface RolePattern {
  /** Matches paths below the folder, with `/`. */
  readonly pattern: RegExp;
  /** The same for people. */
  readonly label: string;
}

/** Folders below the model's that layouts look into. */
export const layoutFolders: readonly string[] = ["am", "conf", "graph", "graph/phones", "ivector", "rescore", "rnnlm"];

const exactly = (name: string): RolePattern => ({
  pattern: new RegExp(`^${name.replaceAll(".", "\\.")}$`),
  label: name,
});
const tokens = exactly("tokens.txt");

/** Every kind of model that is recognised. A new one is one more entry, and one in the engine's own table. */
export const layouts: readonly Layout[] = [
  {
    engine: "vosk",
    family: "kaldi",
    segmenter: "silero",
    wholeFolder: true,
    roles: {
      acousticModel: exactly("am/final.mdl"),
      configuration: exactly("conf/model.conf"),
      features: { pattern: /^conf\/(mfcc|fbank)\.conf$/, label: "conf/mfcc.conf" },
      graph: { pattern: /^graph\/HCL[Gr]\.fst$/, label: "graph/HCLG.fst or graph/HCLr.fst" },
    },
  },
  {
    engine: "vosk",
    family: "kaldi",
    segmenter: "silero",
    wholeFolder: true,
    roles: {
      acousticModel: exactly("final.mdl"),
      features: { pattern: /^(mfcc|fbank)\.conf$/, label: "mfcc.conf" },
      graph: { pattern: /^HCL[Gr]\.fst$/, label: "HCLG.fst or HCLr.fst" },
    },
  },
  {
    engine: "sherpa-offline",
    family: "moonshine",
    segmenter: "silero",
    roles: {
      encoder: { pattern: /^encoder.*\.onnx$/, label: "encoder*.onnx" },
      mergedDecoder: { pattern: /^decoder_model_merged.*\.onnx$/, label: "decoder_model_merged*.onnx" },
      tokens,
    },
  },
  {
    engine: "sherpa-offline",
    family: "nemo-ctc",
    segmenter: "silero",
    roles: { model: { pattern: /^model.*\.onnx$/, label: "model*.onnx" }, tokens },
    metadata: { role: "model", keys: ["vocab_size", "subsampling_factor", "normalize_type"] },
    tokens: ["<blk>"],
  },
  {
    engine: "sherpa-punctuation",
    family: "ct-transformer",
    segmenter: "energy",
    roles: { model: { pattern: /^model.*\.onnx$/, label: "model*.onnx" } },
    metadata: { role: "model", keys: ["tokens", "vocab_size", "punctuations", "unk_symbol"] },
  },
  {
    engine: "fake",
    family: "fake",
    segmenter: "energy",
    roles: { script: exactly("fake.json") },
  },
];
