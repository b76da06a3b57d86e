import { VoxpoolError } from "../../base/errors.ts";
import type { EngineInfo, FrameEngine, LoadEngine, ModelSpec } from "../engine.ts";
import { openVoskLibrary } from "./library.ts";
import { Natives } from "./natives.ts";
import { VoskRecognizer } from "./recognizer.ts";

/**
 * Loads a Vosk model. It stays in memory until the process ends: libvosk gives only part of it back.
 * Words and confidences come with every model; spans are what Vosk's own endpointer cuts.
 * @throws VoxpoolError `asset_missing`, `model_load_failed`
 */
export const loadVosk: LoadEngine = async (spec, assets): Promise<FrameEngine> => {
  const library = openVoskLibrary(assets.voskLibraryFile);
  const model = await library.newModel(spec.directory);
  if (model === null) throw new VoxpoolError("model_load_failed", { detail: refusal(spec.directory) });
  const natives = new Natives(library, model);
  await proveUsable(natives, spec.directory);
  return {
    input: "frames",
    info: infoOf(spec),
    open: (options) => new VoskRecognizer(natives, options.words),
  };
};

/** libvosk takes a graph that is cut off for a model, and fails only at the first recogniser. */
async function proveUsable(natives: Natives, directory: string): Promise<void> {
  try {
    natives.giveBack(await natives.take(), true);
  } catch (error) {
    throw new VoxpoolError("model_load_failed", { detail: refusal(directory) }, { cause: error });
  }
}

function infoOf(spec: ModelSpec): EngineInfo {
  return {
    engine: "vosk",
    family: spec.family,
    languages: spec.languages,
    input: "frames",
    words: true,
    maxSegmentSeconds: 0,
  };
}

function refusal(directory: string): string {
  // libvosk hands its paths to std::ifstream, which reads them in the code page there, not as UTF-8.
  const foreignPath = process.platform === "win32" && /[^\x20-\x7e]/.test(directory);
  const hint = foreignPath ? "; on Windows the path of a Vosk model needs plain ASCII letters" : "";
  return `libvosk rejected the files; it wrote its reason to stderr${hint}`;
}
