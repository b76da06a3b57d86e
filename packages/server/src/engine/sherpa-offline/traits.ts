import { basename } from "node:path";
import { whisperLanguages } from "../detect/languages.ts";
import { countOnnxOutputs, readOnnxMetadata } from "../detect/onnx.ts";

/** How a family is told the language of the speech. */
export interface Languages {
  /**
   * `stream`: each decode by itself. `configuration`: by another configuration of the recogniser, which must not
   * change under a running decode. `load`: once, when the model is loaded.
   */
  readonly told: "stream" | "configuration" | "load";
  /** What the model calls the languages that it can be told, by primary tag. */
  readonly codes: (file: (role: string) => string) => Promise<ReadonlyMap<string, string>>;
  /** The language that it takes when nobody says one; without it the model finds the language out. */
  readonly otherwise?: string;
}

/** Paraformer has two outputs more when it gives the peaks from which times are read. */
export async function givesTimes(file: (role: string) => string): Promise<boolean> {
  return (await outputsOf(file("model"))) >= 4;
}

/** Whisper's decoder has a fourth output, the attention, when it was exported for times. */
export async function decoderGivesTimes(file: (role: string) => string): Promise<boolean> {
  return (await outputsOf(file("decoder"))) >= 4;
}

/** Whisper ends the process over a language that its metadata does not have. */
export async function whisperCodes(file: (role: string) => string): Promise<ReadonlyMap<string, string>> {
  const path = file("encoder");
  return whisperLanguages(await readOnnxMetadata(basename(path), path));
}

async function outputsOf(path: string): Promise<number> {
  return countOnnxOutputs(basename(path), path);
}
