import {
  cmvn,
  decoder,
  lfr,
  type Metadata,
  nemo,
  paraformer,
  predictor,
  senseVoice,
  transducerFiles,
  wenet,
  whisper,
  zipformer,
} from "./archive-metadata.ts";
import { onnxBytes } from "./model-files.ts";
import { streamingArchives } from "./streaming-archives.ts";

export interface Archive {
  readonly name: string;
  /** `ls`: file names, and folders with what is in them. */
  readonly files: string;
  /** Metadata of the ONNX files whose names begin so; `*` is all of them. */
  readonly metadata?: Readonly<Record<string, Metadata>>;
  /** Engine and family, or what the refusal says. */
  readonly is: string | RegExp;
  /** The files that are taken, by role. */
  readonly takes?: Readonly<Record<string, string>>;
  readonly languages?: readonly string[];
}

const transducerTakes = (suffix: string) => ({
  encoder: `encoder-${suffix}.int8.onnx`,
  decoder: `decoder-${suffix}.int8.onnx`,
  joiner: `joiner-${suffix}.int8.onnx`,
  tokens: "tokens.txt",
});
const int8Model = { model: "model.int8.onnx", tokens: "tokens.txt" };
const int8Pair = { encoder: "encoder.int8.onnx", decoder: "decoder.int8.onnx", tokens: "tokens.txt" };
const int8Transducer = { ...int8Pair, joiner: "joiner.int8.onnx" };

/** The published archives: their file lists as the documentation of sherpa-onnx shows them. */
export const archives: readonly Archive[] = [
  {
    name: "sherpa-onnx-whisper-tiny.en",
    files:
      "test_wavs/0.wav tiny.en-decoder.int8.onnx tiny.en-decoder.onnx tiny.en-encoder.int8.onnx tiny.en-encoder.onnx tiny.en-tokens.txt",
    metadata: { "tiny.en-encoder": whisper("tiny.en", "") },
    is: "sherpa-offline whisper",
    takes: {
      encoder: "tiny.en-encoder.int8.onnx",
      decoder: "tiny.en-decoder.int8.onnx",
      tokens: "tiny.en-tokens.txt",
    },
    languages: ["en"],
  },
  {
    name: "sherpa-onnx-whisper-tiny",
    files:
      "README.md export-onnx.py requirements.txt test.py test_wavs/0.wav tiny-decoder.int8.onnx tiny-decoder.onnx tiny-encoder.int8.onnx tiny-encoder.onnx tiny-tokens.txt",
    metadata: { "tiny-encoder": whisper("tiny", "en,zh,de,jw") },
    is: "sherpa-offline whisper",
    languages: ["en", "zh", "de", "jv"],
  },
  {
    name: "sherpa-onnx-whisper-large-v3",
    files:
      "large-v3-decoder.int8.onnx large-v3-decoder.onnx large-v3-decoder.weights large-v3-encoder.int8.onnx large-v3-encoder.onnx large-v3-encoder.weights large-v3-tokens.txt test_wavs/0.wav",
    metadata: { "large-v3-encoder": whisper("large-v3", "en,zh,yue") },
    is: "sherpa-offline whisper",
    takes: {
      encoder: "large-v3-encoder.int8.onnx",
      decoder: "large-v3-decoder.int8.onnx",
      tokens: "large-v3-tokens.txt",
    },
    languages: ["en", "zh", "yue"],
  },
  {
    name: "sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17",
    files: "LICENSE README.md export-onnx.py model.int8.onnx model.onnx test_wavs/zh.wav tokens.txt",
    metadata: { "*": senseVoice },
    is: "sherpa-offline sense-voice",
    takes: int8Model,
    languages: ["zh", "en", "ja", "ko", "yue"],
  },
  {
    name: "sherpa-onnx-sense-voice-funasr-nano-int8-2025-12-17",
    files: "README.md model.int8.onnx test_wavs/zh.wav tokens.txt",
    metadata: {
      "*": {
        ...lfr,
        normalize_samples: "0",
        model_type: "sense_voice_ctc",
        vocab_size: "60515",
        blank_id: "60514",
        comment: "FunAudioLLM/Fun-ASR-Nano-2512",
      },
    },
    is: "sherpa-offline funasr-nano-ctc",
    languages: ["zh", "en", "ja"],
  },
  {
    name: "sherpa-onnx-paraformer-zh-2023-09-14",
    files: "README.md model.int8.onnx test_wavs/0.wav tokens.txt",
    metadata: { "*": paraformer },
    is: "sherpa-offline paraformer",
    takes: int8Model,
    languages: ["zh"],
  },
  {
    name: "sherpa-onnx-paraformer-zh-small-2024-03-09",
    files: "model.int8.onnx test_wavs/0.wav tokens.txt",
    metadata: { "*": paraformer },
    is: "sherpa-offline paraformer",
    languages: ["zh"],
  },
  {
    name: "sherpa-onnx-paraformer-trilingual-zh-cantonese-en",
    files: "model.int8.onnx model.onnx test_wavs/0.wav tokens.txt",
    metadata: { "*": paraformer },
    is: "sherpa-offline paraformer",
    languages: ["zh", "yue", "en"],
  },
  {
    name: "sherpa-onnx-zipformer-multi-zh-hans-2023-9-2",
    files: `bpe.model ${transducerFiles("epoch-20-avg-1")} test_wavs/0.wav tokens.txt`,
    metadata: { encoder: zipformer(), decoder },
    is: "sherpa-offline transducer",
    takes: transducerTakes("epoch-20-avg-1"),
    languages: ["zh"],
  },
  {
    name: "sherpa-onnx-zipformer-zh-en-2023-11-22",
    files:
      "bbpe.model decoder-epoch-34-avg-19.onnx encoder-epoch-34-avg-19.int8.onnx encoder-epoch-34-avg-19.onnx joiner-epoch-34-avg-19.int8.onnx joiner-epoch-34-avg-19.onnx test_wavs/0.wav tokens.txt",
    metadata: { encoder: zipformer(), decoder },
    is: "sherpa-offline transducer",
    takes: { ...transducerTakes("epoch-34-avg-19"), decoder: "decoder-epoch-34-avg-19.onnx" },
    languages: ["zh", "en"],
  },
  {
    name: "sherpa-onnx-conformer-zh-stateless2-2023-05-23",
    files: `${transducerFiles("epoch-99-avg-1")} tokens.txt`,
    metadata: { encoder: { model_type: "conformer", version: "1" }, decoder },
    is: "sherpa-offline transducer",
    languages: ["zh"],
  },
  {
    name: "icefall-asr-zipformer-wenetspeech-20230615",
    files: `README.md data/lang_char/tokens.txt data/lang_char/words.txt exp/${transducerFiles("epoch-12-avg-4").replaceAll(" ", " exp/")}`,
    metadata: { "exp/encoder": zipformer(), "exp/decoder": decoder },
    is: "sherpa-offline transducer",
    takes: {
      encoder: "exp/encoder-epoch-12-avg-4.int8.onnx",
      decoder: "exp/decoder-epoch-12-avg-4.int8.onnx",
      joiner: "exp/joiner-epoch-12-avg-4.int8.onnx",
      tokens: "data/lang_char/tokens.txt",
    },
    languages: ["zh"],
  },
  {
    name: "sherpa-onnx-zipformer-korean-2024-06-24",
    files: `bpe.model ${transducerFiles("epoch-99-avg-1")} test_wavs/0.wav tokens.txt`,
    metadata: { encoder: zipformer(), decoder },
    is: "sherpa-offline transducer",
    languages: ["ko"],
  },
  {
    name: "sherpa-onnx-zipformer-ctc-zh-int8-2025-07-03",
    files: "README.md bbpe.model model.int8.onnx test_wavs/0.wav tokens.txt",
    metadata: { "*": { model_type: "zipformer2_ctc", version: "1", comment: "non-streaming zipformer2 CTC" } },
    is: "sherpa-offline zipformer-ctc",
    takes: int8Model,
    languages: ["zh"],
  },
  {
    name: "sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-int8",
    files: "decoder.int8.onnx encoder.int8.onnx joiner.int8.onnx test_wavs/0.wav tokens.txt",
    metadata: { encoder: nemo("EncDecRNNTBPEModel", { ...predictor, feat_dim: "128" }) },
    is: "sherpa-offline nemo-transducer",
    takes: int8Transducer,
    languages: ["en"],
  },
  {
    name: "sherpa-onnx-nemo-transducer-giga-am-v2-russian-2025-04-19",
    files:
      "decoder.onnx encoder.int8.onnx joiner.onnx LICENSE README.md run-rnnt-v2.sh test-onnx-rnnt.py test_wavs/0.wav tokens.txt",
    metadata: { encoder: nemo("EncDecRNNTBPEModel", { ...predictor, is_giga_am: "1", language: "Russian" }) },
    is: "sherpa-offline nemo-transducer",
    takes: { ...int8Transducer, decoder: "decoder.onnx", joiner: "joiner.onnx" },
    languages: ["ru"],
  },
  {
    name: "sherpa-onnx-nemo-ctc-en-citrinet-512",
    files: "add-model-metadata.py model.int8.onnx model.onnx test_wavs/0.wav tokens.txt",
    metadata: { "*": nemo("EncDecCTCModelBPE") },
    is: "sherpa-offline nemo-ctc",
    takes: int8Model,
    languages: ["en"],
  },
  {
    name: "sherpa-onnx-nemo-fast-conformer-ctc-be-de-en-es-fr-hr-it-pl-ru-uk-20k",
    files: "model.onnx test_wavs/de-german.wav tokens.txt",
    metadata: { "*": nemo("EncDecHybridRNNTCTCBPEModel") },
    is: "sherpa-offline nemo-ctc",
    languages: ["be", "de", "en", "es", "fr", "hr", "it", "pl", "ru", "uk"],
  },
  {
    name: "sherpa-onnx-nemo-ctc-giga-am-russian-2024-10-24",
    files:
      "GigaAM%20License_NC.pdf README.md export-onnx-ctc.py model.int8.onnx run-ctc.sh test-onnx-ctc.py test_wavs/0.wav tokens.txt",
    metadata: { "*": nemo("EncDecCTCModel", { normalize_type: "", is_giga_am: "1" }) },
    is: "sherpa-offline nemo-ctc",
    languages: ["ru"],
  },
  {
    name: "sherpa-onnx-nemo-canary-180m-flash-en-es-de-fr-int8",
    files: "decoder.int8.onnx encoder.int8.onnx test_wavs/de.wav tokens.txt",
    metadata: { encoder: nemo("EncDecMultiTaskModel", { feat_dim: "128" }) },
    is: "sherpa-offline canary",
    takes: int8Pair,
    languages: ["en", "es", "de", "fr"],
  },
  {
    name: "sherpa-onnx-cohere-transcribe-14-lang-int8-2026-04-01",
    files: "decoder.int8.onnx encoder.int8.onnx encoder.int8.onnx.data README.md test_wavs/0.wav tokens.txt",
    metadata: { encoder: { model_type: "cohere-transcribe-03-2026" } },
    is: "sherpa-offline cohere-transcribe",
    takes: int8Pair,
  },
  {
    name: "sherpa-onnx-moonshine-tiny-en-int8",
    files:
      "LICENSE README.md cached_decode.int8.onnx encode.int8.onnx preprocess.onnx test_wavs/0.wav tokens.txt uncached_decode.int8.onnx",
    is: "sherpa-offline moonshine-v1",
    takes: {
      preprocessor: "preprocess.onnx",
      encoder: "encode.int8.onnx",
      uncachedDecoder: "uncached_decode.int8.onnx",
      cachedDecoder: "cached_decode.int8.onnx",
      tokens: "tokens.txt",
    },
    languages: ["en"],
  },
  {
    name: "sherpa-onnx-moonshine-base-zh-quantized-2026-02-27",
    files: "decoder_model_merged.ort encoder_model.ort LICENSE test_wavs/0.wav tokens.txt",
    is: "sherpa-offline moonshine",
    takes: { encoder: "encoder_model.ort", mergedDecoder: "decoder_model_merged.ort", tokens: "tokens.txt" },
    languages: ["zh"],
  },
  {
    name: "sherpa-onnx-fire-red-asr-large-zh_en-2025-02-16",
    files: "README.md decoder.int8.onnx encoder.int8.onnx test_wavs/0.wav tokens.txt",
    metadata: {
      encoder: {
        num_decoder_layers: "16",
        num_head: "20",
        head_dim: "64",
        sos: "3",
        eos: "4",
        max_len: "5000",
        cmvn_mean: cmvn(80),
        cmvn_inv_stddev: cmvn(80),
      },
    },
    is: "sherpa-offline fire-red",
    takes: int8Pair,
    languages: ["zh", "en"],
  },
  {
    name: "sherpa-onnx-fire-red-asr2-ctc-zh_en-int8-2026-02-25",
    files: "model.int8.onnx README.md test_wavs/0.wav tokens.txt",
    metadata: {
      "*": { model_type: "fire-red-asr-2-ctc", cmvn_mean: cmvn(80), cmvn_inv_stddev: cmvn(80) },
    },
    is: "sherpa-offline fire-red-ctc",
    languages: ["zh", "en"],
  },
  {
    name: "sherpa-onnx-dolphin-base-ctc-multi-lang-int8-2025-04-02",
    files: "model.int8.onnx README.md test_wavs/0.wav tokens.txt",
    metadata: { "*": { model_type: "dolphin", vocab_size: "40002", mean: cmvn(80), invstd: cmvn(80) } },
    is: "sherpa-offline dolphin",
    takes: int8Model,
  },
  {
    name: "sherpa-onnx-wenetspeech-yue-u2pp-conformer-ctc-zh-en-cantonese-int8-2025-09-10",
    files: "README.md model.int8.onnx test_wavs/0.wav tokens.txt",
    metadata: { "*": wenet() },
    is: "sherpa-offline wenet-ctc",
    takes: int8Model,
    languages: ["zh", "yue", "en"],
  },
  {
    name: "sherpa-onnx-zh-wenet-aishell",
    files:
      "README.md model-streaming.int8.onnx model-streaming.onnx model.int8.onnx model.onnx test_wavs/0.wav tokens.txt",
    metadata: {
      "model-streaming": wenet({ head: "4", num_blocks: "12", cnn_module_kernel: "8", comment: "streaming" }),
      model: wenet(),
    },
    is: "sherpa-offline wenet-ctc",
    takes: int8Model,
    languages: ["zh"],
  },
  {
    name: "sherpa-onnx-qwen3-asr-0.6B-int8-2026-03-25",
    files:
      "conv_frontend.onnx decoder.int8.onnx encoder.int8.onnx README.md test_wavs/de.wav tokenizer/merges.txt tokenizer/tokenizer_config.json tokenizer/vocab.json",
    is: "sherpa-offline qwen3-asr",
    takes: {
      convFrontend: "conv_frontend.onnx",
      encoder: "encoder.int8.onnx",
      decoder: "decoder.int8.onnx",
      vocabulary: "tokenizer/vocab.json",
      merges: "tokenizer/merges.txt",
      tokenizer: "tokenizer/tokenizer_config.json",
    },
  },
  {
    name: "sherpa-onnx-funasr-nano-2025-12-30",
    files:
      "Qwen3-0.6B/merges.txt Qwen3-0.6B/tokenizer.json Qwen3-0.6B/vocab.json README.md embedding.onnx encoder_adaptor.onnx llm.fp32.data llm.fp32.onnx test_wavs/ja.wav",
    metadata: { encoder_adaptor: { ...lfr, llm_dim: "1024" }, llm: { vocab_size: "151936" } },
    is: "sherpa-offline funasr-nano",
    takes: {
      encoderAdaptor: "encoder_adaptor.onnx",
      llm: "llm.fp32.onnx",
      embedding: "embedding.onnx",
      vocabulary: "Qwen3-0.6B/vocab.json",
      merges: "Qwen3-0.6B/merges.txt",
      tokenizer: "Qwen3-0.6B/tokenizer.json",
    },
    languages: ["zh", "en", "ja"],
  },
  {
    name: "sherpa-onnx-telespeech-ctc-int8-zh-2024-06-04",
    files: "README.md model.int8.onnx test.py test_wavs/3-sichuan.wav tokens.txt",
    metadata: { "*": { model_type: "telespeech_ctc", version: "1", model_author: "Tele-AI" } },
    is: "sherpa-offline telespeech-ctc",
    languages: ["zh"],
  },
  {
    name: "sherpa-onnx-omnilingual-asr-1600-languages-300M-ctc-int8-2025-11-12",
    files: "LICENSE model.int8.onnx README.md test_wavs/en.wav tokens.txt",
    metadata: { "*": { model_type: "omnilingual-asr", vocab_size: "9812", sample_rate: "16000" } },
    is: "sherpa-offline omnilingual-ctc",
    languages: [],
  },
  {
    name: "sherpa-onnx-medasr-ctc-en-int8-2025-12-25",
    files: "README.md model.int8.onnx test_wavs/0.wav tokens.txt",
    metadata: { "*": { model_type: "medasr_ctc", vocab_size: "512", subsampling_factor: "4" } },
    is: "sherpa-offline medasr-ctc",
    languages: ["en"],
  },
  ...streamingArchives,
  {
    name: "vits-melo-tts-zh_en",
    files: "LICENSE README.md date.fst lexicon.txt model.int8.onnx model.onnx number.fst tokens.txt",
    metadata: { "*": { model_type: "melo-vits", language: "Chinese + English" } },
    is: /model\.int8\.onnx says that it is melo-vits \(model_type\), which no engine here runs/,
  },
];

/** The archive's files with as much in them as tells what they are. */
export function filesOf({ files, metadata = {} }: Archive): Record<string, string | Uint8Array> {
  const made = files.split(" ").map((name): [string, string | Uint8Array] => {
    if (name.endsWith(".onnx")) return [name, onnxBytes(metadataOf(name, metadata))];
    if (name.endsWith(".ort"))
      return [name, Buffer.concat([Buffer.from("30000000", "hex"), Buffer.from("ORTM"), Buffer.alloc(64)])];
    return [name, name.endsWith("tokens.txt") ? "<blk> 0\n</s> 1\na 2\n" : "x"];
  });
  return Object.fromEntries(made);
}

function metadataOf(name: string, metadata: NonNullable<Archive["metadata"]>): Metadata {
  const begins = Object.keys(metadata).find((key) => key === "*" || name.startsWith(key));
  return begins === undefined ? {} : (metadata[begins] ?? {});
}
