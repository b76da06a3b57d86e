import { VoxpoolError } from "../../base/errors.ts";
import type { EngineInfo, LoadEngine, TextEngine } from "../engine.ts";
import { loadSherpaAddon, type PunctuationHandle, type SherpaAddon } from "../sherpa/native.ts";

/**
 * Loads a CT-Transformer, which puts Chinese and English punctuation into text.
 *
 * The files are taken as checked: the library ends the process when one is no model.
 *
 * @throws VoxpoolError `model_load_failed`
 */
export const loadSherpaPunctuation: LoadEngine = async (spec) => {
  const file = spec.files["model"];
  if (file === undefined) throw new VoxpoolError("model_load_failed", { detail: "the file for model is not known" });
  const addon = loadSherpaAddon();
  try {
    const handle = addon.createOfflinePunctuation({
      model: { ctTransformer: file, numThreads: 1, provider: "cpu", debug: false },
    });
    return new SherpaPunctuation(addon, handle, infoOf(spec.languages));
  } catch (error) {
    throw new VoxpoolError("model_load_failed", { detail: detailOf(error) }, { cause: error });
  }
};

class SherpaPunctuation implements TextEngine {
  readonly input = "text";
  readonly info: EngineInfo;
  readonly #addon: SherpaAddon;
  readonly #handle: PunctuationHandle;

  constructor(addon: SherpaAddon, handle: PunctuationHandle, info: EngineInfo) {
    this.#addon = addon;
    this.#handle = handle;
    this.info = info;
  }

  async punctuate(text: string): Promise<string> {
    // The library reads past the end of its own list for a text without any word.
    if (text.trim() === "") return text;
    try {
      return this.#addon.offlinePunctuationAddPunct(this.#handle, text);
    } catch (error) {
      throw new VoxpoolError("decode_failed", { detail: detailOf(error) }, { cause: error });
    }
  }
}

function infoOf(languages: readonly string[]): EngineInfo {
  return {
    engine: "sherpa-punctuation",
    family: "ct-transformer",
    languages: languages.length > 0 ? languages : ["zh", "en"],
    input: "text",
    words: false,
    maxSegmentSeconds: 0,
    punctuates: true,
  };
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
