import koffi from "koffi";
import { VoxpoolError } from "../../base/errors.ts";

/** A model or recogniser inside libvosk. Only libvosk can look into it. */
export type Handle = bigint;

/**
 * The part of libvosk's C interface that is used here. Calls that give a promise run on the libuv pool, so that
 * the caller's event loop stays free; calls that share a recogniser must not overlap.
 */
export interface VoskLibrary {
  /** `null`: the folder is no model; libvosk wrote the reason to stderr. */
  newModel(directory: string): Promise<Handle | null>;
  newRecognizer(model: Handle, sampleRateHz: number): Promise<Handle | null>;
  /** `grammar` is a JSON list of phrases; without any the library crashes. Only for models with a dynamic graph. */
  newRecognizerWithGrammar(model: Handle, sampleRateHz: number, grammar: string): Promise<Handle | null>;
  /** A model of voices; `null`: the folder is none. */
  newSpeakerModel(directory: string): Promise<Handle | null>;
  /** Before the first samples. */
  setSpeakerModel(recognizer: Handle, speakerModel: Handle): Promise<void>;
  setWords(recognizer: Handle, on: number): Promise<void>;
  /** 0: results have one reading, with the words' confidences; above: so many readings, without them. */
  setMaxAlternatives(recognizer: Handle, count: number): Promise<void>;
  /** `samples` are scaled as 16-bit integers are and stay untouched until the call is over. 1: an utterance ended. */
  accept(recognizer: Handle, samples: Float32Array, count: number): Promise<number>;
  /** The utterance that ended, as JSON. */
  result(recognizer: Handle): Promise<string>;
  /** The utterance that the end of the input cut off, as JSON. */
  finalResult(recognizer: Handle): Promise<string>;
  freeRecognizer(recognizer: Handle): Promise<void>;
  /** At once: the utterance under way as JSON, by a look back along the best path. Never during another call. */
  partialResult(recognizer: Handle): string;
  /** At once: the number of a word in the model's vocabulary; negative if it has no such word. */
  findWord(model: Handle, word: string): number;
}

/** Kaldi's errors and warnings go to stderr; its chatter about what it loads does not. */
const errorsAndWarnings = -1;

/**
 * Opens libvosk.
 * @param file path of the shared library
 * @throws VoxpoolError `asset_missing` (no path), `model_load_failed` (no library for this machine, or another one)
 */
export function openVoskLibrary(file: string): VoskLibrary {
  if (file === "") throw new VoxpoolError("asset_missing", { asset: "libvosk", name: "libvosk" });
  try {
    return bind(koffi.load(file));
  } catch (error) {
    const platform = `${process.platform}-${process.arch}`;
    const detail = `${file} (vosk.library) is no libvosk for ${platform}: ${describe(error)}`;
    throw new VoxpoolError("model_load_failed", { detail }, { cause: error });
  }
}

type NativeFunction = ReturnType<ReturnType<typeof koffi.load>["func"]>;

/** What a native function returns; koffi leaves the type open, `VoskLibrary` fixes it. */
type NativeResult = ReturnType<NativeFunction>;

function bind(library: ReturnType<typeof koffi.load>): VoskLibrary {
  const call = (name: string, result: string, ...parameters: string[]) =>
    onPool(library.func(name, result, parameters));
  const bound: VoskLibrary = {
    newModel: call("vosk_model_new", "void *", "str"),
    newRecognizer: call("vosk_recognizer_new", "void *", "void *", "float"),
    newRecognizerWithGrammar: call("vosk_recognizer_new_grm", "void *", "void *", "float", "str"),
    newSpeakerModel: call("vosk_spk_model_new", "void *", "str"),
    setSpeakerModel: call("vosk_recognizer_set_spk_model", "void", "void *", "void *"),
    setWords: call("vosk_recognizer_set_words", "void", "void *", "int"),
    setMaxAlternatives: call("vosk_recognizer_set_max_alternatives", "void", "void *", "int"),
    accept: call("vosk_recognizer_accept_waveform_f", "int", "void *", "const float *", "int"),
    result: call("vosk_recognizer_result", "str", "void *"),
    finalResult: call("vosk_recognizer_final_result", "str", "void *"),
    freeRecognizer: call("vosk_recognizer_free", "void", "void *"),
    partialResult: library.func("vosk_recognizer_partial_result", "str", ["void *"]),
    findWord: library.func("vosk_model_find_word", "int", ["void *", "str"]),
  };
  library.func("vosk_set_log_level", "void", ["int"])(errorsAndWarnings);
  return bound;
}

function onPool(native: NativeFunction): (...parameters: unknown[]) => Promise<NativeResult> {
  return (...parameters) =>
    new Promise((resolve, reject) => {
      const settled = (error: Error | null, result: NativeResult) => (error === null ? resolve(result) : reject(error));
      native.async(...parameters, settled);
    });
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
