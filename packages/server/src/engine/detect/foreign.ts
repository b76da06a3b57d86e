interface Foreign {
  /** Names of which all must be there. */
  readonly names: readonly RegExp[];
  /** Completes "the files fit no known kind of model:". */
  readonly what: string;
}

const sherpaExport = "take a sherpa-onnx export of it";

/** Models of other programs, and what else lies in a folder in place of one. The first that fits is told. */
const foreigners: readonly Foreign[] = [
  { names: [/\.nemo$/], what: `it is a NeMo model; ${sherpaExport}` },
  { names: [/^ggml-.*\.bin$/], what: `it is a whisper.cpp model (ggml); ${sherpaExport}` },
  { names: [/\.gguf$/i], what: `it is a GGUF model (llama.cpp, whisper.cpp); ${sherpaExport}` },
  {
    names: [/^model\.bin$/, /^(vocabulary\.(txt|json)|config\.json)$/],
    what: `it is a faster-whisper model (CTranslate2); ${sherpaExport}`,
  },
  { names: [/\.(rknn|om|qnn|axmodel)$/], what: "it is made for an NPU; take the ONNX export of the model" },
  { names: [/\.(mlmodel|npz)$/], what: `it is a model for Apple's frameworks; ${sherpaExport}` },
  {
    names: [/^am\.mvn$/, /^model.*\.onnx$/],
    what: `it is FunASR's own ONNX export, without a tokens.txt and without metadata; ${sherpaExport}`,
  },
  { names: [/^am\.mvn$/, /\.pt$/], what: `it is a FunASR model for PyTorch; ${sherpaExport}` },
  {
    names: [/^(config|preprocessor_config)\.json$/, /\.(safetensors|bin|msgpack|h5)$/],
    what: `it is a model of Hugging Face transformers; ${sherpaExport}`,
  },
  {
    names: [/^(config|generation_config)\.json$/, /^(tokenizer|preprocessor_config)\.json$/],
    what: `it is an export for transformers.js or a tokenizer alone; ${sherpaExport}`,
  },
  { names: [/\.(pbmm|tflite|scorer)$/], what: "it is a Coqui or TensorFlow Lite model, which no engine here runs" },
  { names: [/^(saved_model\.pb|.*\.ckpt\.index)$/], what: "it is a TensorFlow model, which no engine here runs" },
  { names: [/\.(pt|pth|ckpt|safetensors)$/], what: `these are weights for PyTorch; ${sherpaExport}` },
  {
    names: [/^path\.sh$/, /^(run|cmd)\.sh$/],
    what: "it is a recipe of Kaldi, not a model; a Vosk model has am/final.mdl and graph/HCLG.fst",
  },
  { names: [/\.(zip|tar|tgz|tar\.(gz|bz2|xz)|tbz2?|7z|rar)$/i], what: "there is an archive: unpack it" },
  { names: [/\.(part|crdownload|aria2|download)$/], what: "there is a download that was not finished" },
];

/**
 * What a folder that is no model of ours is, from the names of its files.
 * @returns a text for people; undefined when nobody knows
 */
export function foreignKind(names: readonly string[]): string | undefined {
  const fits = ({ names: patterns }: Foreign) => patterns.every((pattern) => names.some((name) => pattern.test(name)));
  return foreigners.find(fits)?.what;
}
