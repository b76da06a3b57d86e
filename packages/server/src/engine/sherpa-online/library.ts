import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import koffi from "koffi";
import { VoxpoolError } from "../../base/errors.ts";

/** A recogniser or stream inside the library. Only the library can look into it. */
export type Handle = bigint;

/** The files of a model by sherpa's own names; what is left out is none. */
export interface OnlineModel {
  readonly transducer?: { readonly encoder: string; readonly decoder: string; readonly joiner: string };
  readonly paraformer?: { readonly encoder: string; readonly decoder: string };
  readonly zipformer2Ctc?: string;
  readonly nemoCtc?: string;
  readonly toneCtc?: string;
  readonly tokens: string;
  /** Of a transducer: said at once, the library need not load the encoder twice to find it out. */
  readonly modelType?: string;
}

export interface OnlineConfig {
  readonly model: OnlineModel;
  /** How words are cut into tokens; with it a stream can be given hotwords. Only for transducers of icefall. */
  readonly modelingUnit?: string;
  /** Table of the pieces of words, for units with `bpe` in them. */
  readonly bpeVocabulary?: string;
  /** Paths of transducers that rewrite the text, in their order, a comma between them. */
  readonly ruleFsts?: string;
}

/**
 * The part of sherpa-onnx's C interface that is used here. Its addon for Node has streams, too, but neither calls that
 * leave the engine thread free nor hotwords, and it frees a stream only when the garbage collector comes by.
 *
 * Calls of one stream must not overlap; calls of different ones may.
 */
export interface OnlineLibrary {
  /** Ends the whole process when a file is no model; `null` when one is missing. */
  newRecognizer(config: OnlineConfig): Promise<Handle | null>;
  newStream(recognizer: Handle): Handle;
  /** `hotwords`: phrases with `/` between them. The library ends the process over some that it cannot read. */
  newStreamWithHotwords(recognizer: Handle, hotwords: string): Handle;
  /** The samples are copied. */
  accept(stream: Handle, rateHz: number, samples: Float32Array, count: number): void;
  /** Whether there are samples enough for one more chunk. */
  isReady(recognizer: Handle, stream: Handle): boolean;
  /** One chunk of each; all have to be ready. Runs on the libuv pool. */
  decode(recognizer: Handle, streams: readonly Handle[]): Promise<void>;
  /** The utterance under way, as JSON. */
  result(recognizer: Handle, stream: Handle): string;
  /** Another utterance begins; samples that are not decoded stay. */
  reset(recognizer: Handle, stream: Handle): void;
  freeStream(stream: Handle): void;
}

/** @throws VoxpoolError `model_load_failed` when there is no library for this machine */
export function openOnlineLibrary(): OnlineLibrary {
  try {
    return bind(koffi.load(libraryFile()));
  } catch (error) {
    const platform = `${process.platform}-${process.arch}`;
    const cause = error instanceof Error ? error.message : String(error);
    const detail = `there is no library of sherpa-onnx for ${platform}: ${cause}`;
    throw new VoxpoolError("model_load_failed", { detail }, { cause: error });
  }
}

/** It lies in the package of the platform, beside the addon. */
function libraryFile(): string {
  const addon = createRequire(import.meta.url).resolve("sherpa-onnx-node/addon.js");
  const platform = process.platform === "win32" ? "win" : process.platform;
  const manifest = createRequire(addon).resolve(`sherpa-onnx-${platform}-${process.arch}/package.json`);
  const names: Readonly<Record<string, string>> = {
    win: "sherpa-onnx-c-api.dll",
    darwin: "libsherpa-onnx-c-api.dylib",
  };
  return join(dirname(manifest), names[platform] ?? "libsherpa-onnx-c-api.so");
}

function bind(library: ReturnType<typeof koffi.load>): OnlineLibrary {
  const call = (name: string, result: TypeSpec, ...parameters: TypeSpec[]) =>
    library.func(`SherpaOnnx${name}`, result, parameters);
  const freeText = call("DestroyOnlineStreamResultJson", "void", "void *");
  const text = koffi.disposable(null, "str", freeText);
  const create = call("CreateOnlineRecognizer", "void *", koffi.pointer(recognizerConfig()));
  const isReady = call("IsOnlineStreamReady", "int", "void *", "void *");
  const decode = call("DecodeMultipleOnlineStreams", "void", "void *", "void **", "int");
  return {
    newRecognizer: (config) => onPool(create, nativeConfig(config)),
    newStream: call("CreateOnlineStream", "void *", "void *"),
    newStreamWithHotwords: call("CreateOnlineStreamWithHotwords", "void *", "void *", "str"),
    accept: call("OnlineStreamAcceptWaveform", "void", "void *", "int", "const float *", "int"),
    isReady: (recognizer, stream) => isReady(recognizer, stream) === 1,
    decode: (recognizer, streams) => onPool(decode, recognizer, streams, streams.length),
    result: call("GetOnlineStreamResultAsJson", text, "void *", "void *"),
    reset: call("OnlineStreamReset", "void", "void *", "void *"),
    freeStream: call("DestroyOnlineStream", "void", "void *"),
  };
}

type TypeSpec = Parameters<typeof koffi.sizeof>[0];
type NativeFunction = ReturnType<ReturnType<typeof koffi.load>["func"]>;
type NativeResult = ReturnType<NativeFunction>;

function onPool(native: NativeFunction, ...parameters: unknown[]): Promise<NativeResult> {
  return new Promise((resolve, reject) => {
    const settled = (error: Error | null, result: NativeResult) => (error === null ? resolve(result) : reject(error));
    native.async(...parameters, settled);
  });
}

/** `SherpaOnnxOnlineRecognizerConfig` of sherpa-onnx 1.13.8: the order and the types are those of its c-api.h. */
function recognizerConfig() {
  const one = koffi.struct({ model: "str" });
  const model = koffi.struct({
    transducer: koffi.struct({ encoder: "str", decoder: "str", joiner: "str" }),
    paraformer: koffi.struct({ encoder: "str", decoder: "str" }),
    zipformer2_ctc: one,
    tokens: "str",
    num_threads: "int32_t",
    provider: "str",
    debug: "int32_t",
    model_type: "str",
    modeling_unit: "str",
    bpe_vocab: "str",
    tokens_buf: "str",
    tokens_buf_size: "int32_t",
    nemo_ctc: one,
    t_one_ctc: one,
  });
  return koffi.struct({
    feat_config: koffi.struct({ sample_rate: "int32_t", feature_dim: "int32_t" }),
    model_config: model,
    decoding_method: "str",
    max_active_paths: "int32_t",
    enable_endpoint: "int32_t",
    rule1_min_trailing_silence: "float",
    rule2_min_trailing_silence: "float",
    rule3_min_utterance_length: "float",
    hotwords_file: "str",
    hotwords_score: "float",
    ctc_fst_decoder_config: koffi.struct({ graph: "str", max_active: "int32_t" }),
    rule_fsts: "str",
    rule_fars: "str",
    blank_penalty: "float",
    hotwords_buf: "str",
    hotwords_buf_size: "int32_t",
    hr: koffi.struct({ dict_dir: "str", lexicon: "str", rule_fsts: "str" }),
  });
}

/** Zero and null are the library's own defaults; ends of utterances are found here and not by its rules. */
function nativeConfig({ model, modelingUnit, bpeVocabulary, ruleFsts }: OnlineConfig) {
  return {
    feat_config: { sample_rate: 16_000, feature_dim: 80 },
    model_config: {
      transducer: model.transducer ?? { encoder: null, decoder: null, joiner: null },
      paraformer: model.paraformer ?? { encoder: null, decoder: null },
      zipformer2_ctc: { model: model.zipformer2Ctc ?? null },
      tokens: model.tokens,
      // One thread a decode: more cores are used by more decodes at once.
      num_threads: 1,
      provider: "cpu",
      debug: 0,
      model_type: model.modelType ?? null,
      modeling_unit: modelingUnit ?? null,
      bpe_vocab: bpeVocabulary ?? null,
      tokens_buf: null,
      tokens_buf_size: 0,
      nemo_ctc: { model: model.nemoCtc ?? null },
      t_one_ctc: { model: model.toneCtc ?? null },
    },
    decoding_method: modelingUnit === undefined ? "greedy_search" : "modified_beam_search",
    max_active_paths: 4,
    enable_endpoint: 0,
    rule1_min_trailing_silence: 0,
    rule2_min_trailing_silence: 0,
    rule3_min_utterance_length: 0,
    hotwords_file: null,
    hotwords_score: 1.5,
    ctc_fst_decoder_config: { graph: null, max_active: 0 },
    rule_fsts: ruleFsts ?? null,
    rule_fars: null,
    blank_penalty: 0,
    hotwords_buf: null,
    hotwords_buf_size: 0,
    hr: { dict_dir: null, lexicon: null, rule_fsts: null },
  };
}
