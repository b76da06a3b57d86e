import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { VoxpoolError } from "../../base/errors.ts";
import type { EngineInfo, FrameEngine, LoadEngine, ModelSpec, SessionOptions } from "../engine.ts";
import { voskGrammar } from "./grammar.ts";
import { type Handle, openVoskLibrary, type VoskLibrary } from "./library.ts";
import { Natives, type Wanted } from "./natives.ts";
import { VoskRecognizer } from "./recognizer.ts";

/**
 * Loads a Vosk model. It stays in memory until the process ends: libvosk gives only part of it back.
 * Words and confidences come with every model; spans are what Vosk's own endpointer cuts.
 * @throws VoxpoolError `asset_missing`, `model_load_failed`
 */
export const loadVosk: LoadEngine = async (spec, assets): Promise<FrameEngine> => {
  const library = openVoskLibrary(assets.voskLibraryFile);
  const speakerModel = await speakerModelOf(library, spec.directory);
  const model = await library.newModel(spec.directory);
  if (model === null) throw new VoxpoolError("model_load_failed", { detail: refusal(spec.directory) });
  const natives = new Natives(library, model, speakerModel);
  await proveUsable(natives, spec.directory);
  const info = infoOf(spec);
  return {
    input: "frames",
    info,
    open: (options) => new VoskRecognizer(natives, options, wantedOf(options, info, natives)),
  };
};

/** No phrases are no grammar. One that the model cannot follow is left out: `info` says so, and libvosk would go on without it. */
function wantedOf(
  { alternatives = 0, grammar }: SessionOptions,
  { grammar: hasGrammar }: EngineInfo,
  natives: Natives,
): Wanted {
  if (grammar === undefined || grammar.length === 0 || hasGrammar !== true) return { alternatives };
  return { alternatives, grammar: voskGrammar(grammar, (word) => natives.findWord(word)) };
}

/** Folder of a model of voices inside that of the model. */
const speakerFolder = "spk";

/** @throws VoxpoolError `model_load_failed` when there is a model of voices, and it is none */
async function speakerModelOf(library: VoskLibrary, directory: string): Promise<Handle | undefined> {
  const folder = join(directory, speakerFolder);
  if (!existsSync(folder)) return undefined;
  const model = await library.newSpeakerModel(folder);
  if (model !== null) return model;
  throw new VoxpoolError("model_load_failed", { detail: `${speakerFolder}: ${refusal(directory)}` });
}

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
    alternatives: true,
    // A graph that is put together while it runs takes another grammar; one that was put together before does not.
    grammar: basename(spec.files.graph ?? "") === "HCLr.fst",
  };
}

function refusal(directory: string): string {
  // libvosk hands its paths to std::ifstream, which reads them in the code page there, not as UTF-8.
  const foreignPath = process.platform === "win32" && /[^\x20-\x7e]/.test(directory);
  const hint = foreignPath ? "; on Windows the path of a Vosk model needs plain ASCII letters" : "";
  return `libvosk rejected the files; it wrote its reason to stderr${hint}`;
}
