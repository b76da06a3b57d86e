import type { EngineName, ModelSpec } from "../engine.ts";

/** A kind of model: which files make it up, and what tells it from other kinds with files of the same names. */
export interface Layout extends Pick<ModelSpec, "family" | "segmenter"> {
  readonly engine: EngineName;
  /** Known so that it can be refused by its name: there is nothing that loads it. */
  readonly isRefused?: boolean;
  /** The files that must be there, by role; the roles are the engine's. */
  readonly roles: Readonly<Record<string, RolePattern>>;
  /** Files that are used where they are there. */
  readonly optional?: Readonly<Record<string, RolePattern>>;
  /** What the metadata of one of its ONNX files says, where names do not decide. */
  readonly tellsBy?: MetadataRule;
  /** Metadata that the engine reads, by role; it ends its process when some is missing. */
  readonly needs?: Readonly<Record<string, NeededMetadata>>;
  /** Tokens that the table of tokens must have, one of each group; the engine ends its process without them. */
  readonly tokens?: readonly (readonly string[])[];
  /** The engine ends its process unless the table has `vocab_size` of this role's metadata, and so many more. */
  readonly vocabulary?: { readonly role: string; readonly more: number; readonly last?: string };
  /** The engine opens the folder by itself: all its files count, not those of the roles alone. */
  readonly wholeFolder?: boolean;
}

/** All that is said here must hold. */
export interface MetadataRule {
  readonly role: string;
  /** Fits `model_type`. */
  readonly type?: RegExp;
  /** `model_type` may be missing all the same. */
  readonly typeOptional?: boolean;
  /** Fits `comment`. */
  readonly comment?: RegExp;
  readonly has?: readonly string[];
  readonly lacks?: readonly string[];
}

export interface NeededMetadata {
  /** Whole numbers that are not negative. */
  readonly numbers?: readonly string[];
  /** Numbers with commas between them. */
  readonly lists?: readonly string[];
  readonly texts?: readonly string[];
}

export interface RolePattern {
  /** Matches paths below the folder, with `/`. */
  readonly pattern: RegExp;
  /** The same for people. */
  readonly label: string;
}

/** Folders below the model's that layouts look into; `exp` and `data/…` are those of icefall. */
export const layoutFolders: readonly string[] = [
  ..."am conf graph graph/phones ivector rescore rnnlm spk exp".split(" "),
  ...["char", "phone", "bpe_500", "bpe_2000", "bbpe_500", "bbpe_2000"].map((name) => `data/lang_${name}`),
];

/** Folders with the tokenizer of a language model: they are called so, or after the language model. */
export const tokenizerFolders = /^(tokenizer|qwen[\w.-]*)$/i;

export const exactly = (name: string): RolePattern => ({
  pattern: new RegExp(`^${name.replaceAll(".", "\\.")}$`),
  label: name,
});

/** An ONNX file with one of these words in its name: `tiny.en-encoder.int8.onnx`, `exp/encoder-epoch-99-avg-1.onnx`. */
export const onnx = (word: string): RolePattern => ({
  pattern: new RegExp(`^(exp/)?(?:[^/]*[._-])?${word}(?![a-z])[^/]*\\.onnx$`, "i"),
  label: `${word}*.onnx`,
});
