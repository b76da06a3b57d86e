import { chineseModels } from "./known/chinese.ts";
import { englishModels } from "./known/english.ts";
import { multilingualModels } from "./known/multilingual.ts";
import { textModels } from "./known/text.ts";
import type { Source } from "./sources.ts";

/** Something that can be fetched by name. */
export interface Known {
  /** The id under which it lands in the model directory. Short, and the same for ever. */
  readonly name: string;
  /** One line for people. */
  readonly title: { readonly en: string; readonly zh: string };
  /** SPDX name, or the name of the licence. */
  readonly licence: string;
  /** What is fetched, each part from the first of its sources that has it. */
  readonly parts: readonly (readonly [Source, ...Source[]])[];
  /** A file that is made from fetched ones. */
  readonly derive?: "moonshine-tokens";
  readonly model: {
    readonly engine: "vosk" | "sherpa-offline" | "sherpa-online" | "sherpa-punctuation";
    readonly family: string;
    /** Primary tags; empty: very many, which the model finds out by itself. */
    readonly languages: readonly string[];
  };
  /** Whether engine and family go into the manifest; else they are found out from the files. */
  readonly isDetected?: boolean;
}

/** Where the vocabulary lies until the token table is made of it; not part of the finished model. */
export const vocabularyFile = "llama-tokenizer.js";

/** The models that `pull` knows, the default first. */
export const knownModels: readonly Known[] = [...englishModels, ...chineseModels, ...multilingualModels, ...textModels];

/** Bytes to fetch, by the first source of each part that says it. */
export function downloadBytes({ parts }: Known): number | undefined {
  const sizes = parts.map((part) => part.map(sourceBytes).find((size) => size !== undefined));
  return sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

function sourceBytes(source: Source): number | undefined {
  if (source.kind !== "files") {
    return source.bytes;
  }
  const sizes = source.files.map(({ bytes }) => bytes);
  return sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

/** Whether everything that is fetched is compared with a published hash. */
export function isPinned({ parts }: Known): boolean {
  return parts.flat().every((source) => {
    if (source.kind === "files") return source.files.every(({ sha256 }) => sha256 !== undefined);
    return source.kind !== "archive" || source.sha256 !== undefined;
  });
}
