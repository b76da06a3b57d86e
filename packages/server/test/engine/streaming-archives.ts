import {
  cache,
  chunks,
  decoder,
  nemo,
  paraformer,
  predictor,
  transducerFiles,
  wenet,
  zipformer,
} from "./archive-metadata.ts";
import type { Archive } from "./archives.ts";

/** Published archives of streaming models. */
export const streamingArchives: readonly Archive[] = [
  {
    name: "sherpa-onnx-streaming-zipformer-bilingual-zh-en-2023-02-20",
    files: `bpe.model ${transducerFiles("epoch-99-avg-1")} test_wavs/0.wav tokens.txt`,
    metadata: { encoder: zipformer({ model_type: "zipformer", ...chunks }), decoder },
    is: "sherpa-online transducer",
    languages: ["zh", "en"],
  },
  {
    name: "sherpa-onnx-lstm-zh-2023-02-20",
    files: `${transducerFiles("epoch-11-avg-1")} tokens.txt`,
    metadata: { encoder: { model_type: "lstm", decode_chunk_len: "4", T: "9" }, decoder },
    is: "sherpa-online transducer",
    languages: ["zh"],
  },
  {
    name: "sherpa-onnx-streaming-paraformer-bilingual-zh-en",
    files: "README.md decoder.int8.onnx decoder.onnx encoder.int8.onnx encoder.onnx test_wavs/0.wav tokens.txt",
    metadata: { encoder: { ...paraformer, encoder_output_size: "512", decoder_num_blocks: "16" } },
    is: "sherpa-online paraformer",
    takes: { encoder: "encoder.int8.onnx", decoder: "decoder.int8.onnx", tokens: "tokens.txt" },
    languages: ["zh", "en"],
  },
  {
    name: "sherpa-onnx-streaming-zipformer-ctc-multi-zh-hans-2023-12-13",
    files:
      "README.md bpe.model ctc-epoch-20-avg-1-chunk-16-left-128.int8.onnx ctc-epoch-20-avg-1-chunk-16-left-128.onnx test_wavs/0.wav tokens.txt",
    metadata: { "*": zipformer({ ...chunks, model_type: "zipformer2_ctc" }) },
    is: "sherpa-online zipformer-ctc",
    languages: ["zh"],
  },
  {
    name: "sherpa-onnx-nemo-streaming-fast-conformer-ctc-en-80ms",
    files: "model.onnx test_wavs/0.wav tokens.txt",
    metadata: { "*": nemo("EncDecHybridRNNTCTCBPEModel", cache) },
    is: "sherpa-online nemo-ctc",
    languages: ["en"],
  },
  {
    name: "sherpa-onnx-nemotron-speech-streaming-en-0.6b-560ms-int8-2026-04-25",
    files: "decoder.int8.onnx encoder.int8.onnx joiner.int8.onnx README.md test_wavs/0.wav tokens.txt",
    metadata: { encoder: nemo("EncDecHybridRNNTCTCBPEModel", { ...predictor, ...cache }) },
    is: "sherpa-online nemo-transducer",
    languages: ["en"],
  },
  {
    name: "sherpa-onnx-streaming-t-one-russian-2025-09-08",
    files: "0.wav LICENSE README.md model.onnx tokens.txt",
    metadata: { "*": { model_type: "t-one", sample_rate: "8000", frame_length_ms: "300", state_dim: "219729" } },
    is: "sherpa-online t-one-ctc",
    languages: ["ru"],
  },
  {
    name: "sherpa-onnx-streaming-zipformer-en-2023-06-26",
    files: `${transducerFiles("epoch-99-avg-1-chunk-16-left-128")} bpe.vocab test_wavs/0.wav tokens.txt`,
    metadata: { encoder: zipformer({ ...chunks, model_type: "zipformer2" }), decoder },
    is: "sherpa-online transducer",
    takes: {
      encoder: "encoder-epoch-99-avg-1-chunk-16-left-128.int8.onnx",
      decoder: "decoder-epoch-99-avg-1-chunk-16-left-128.int8.onnx",
      joiner: "joiner-epoch-99-avg-1-chunk-16-left-128.int8.onnx",
      tokens: "tokens.txt",
      bpeVocabulary: "bpe.vocab",
    },
    languages: ["en"],
  },
  {
    name: "sherpa-onnx-zh-wenet-streaming",
    files: "model-streaming.onnx tokens.txt",
    metadata: { "*": wenet({ head: "4", num_blocks: "12", cnn_module_kernel: "8", comment: "streaming" }) },
    is: /model-streaming\.onnx belongs to a streaming model \(wenet-ctc\), and no engine here runs that kind/,
  },
];
