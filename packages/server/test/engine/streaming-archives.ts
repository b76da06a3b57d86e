import { cache, chunks, decoder, nemo, paraformer, predictor, transducerFiles, zipformer } from "./archive-metadata.ts";
import type { Archive } from "./archives.ts";

/** Published archives of streaming models, which are refused as such. */
export const streamingArchives: readonly Archive[] = [
  {
    name: "sherpa-onnx-streaming-zipformer-bilingual-zh-en-2023-02-20",
    files: `bpe.model ${transducerFiles("epoch-99-avg-1")} test_wavs/0.wav tokens.txt`,
    metadata: { encoder: zipformer({ model_type: "zipformer", ...chunks }), decoder },
    is: /encoder-epoch-99-avg-1\.int8\.onnx belongs to a streaming model \(transducer\)/,
  },
  {
    name: "sherpa-onnx-lstm-zh-2023-02-20",
    files: `${transducerFiles("epoch-11-avg-1")} tokens.txt`,
    metadata: { encoder: { model_type: "lstm", decode_chunk_len: "4", T: "9" }, decoder },
    is: /streaming model \(transducer\)/,
  },
  {
    name: "sherpa-onnx-streaming-paraformer-bilingual-zh-en",
    files: "README.md decoder.int8.onnx decoder.onnx encoder.int8.onnx encoder.onnx test_wavs/0.wav tokens.txt",
    metadata: { encoder: { ...paraformer, encoder_output_size: "512", decoder_num_blocks: "16" } },
    is: /encoder\.int8\.onnx belongs to a streaming model \(paraformer\)/,
  },
  {
    name: "sherpa-onnx-streaming-zipformer-ctc-multi-zh-hans-2023-12-13",
    files:
      "README.md bpe.model ctc-epoch-20-avg-1-chunk-16-left-128.int8.onnx ctc-epoch-20-avg-1-chunk-16-left-128.onnx test_wavs/0.wav tokens.txt",
    metadata: { "*": zipformer({ ...chunks, model_type: "zipformer2_ctc" }) },
    is: /ctc-epoch-20-avg-1-chunk-16-left-128\.int8\.onnx belongs to a streaming model \(zipformer-ctc\)/,
  },
  {
    name: "sherpa-onnx-nemo-streaming-fast-conformer-ctc-en-80ms",
    files: "model.onnx test_wavs/0.wav tokens.txt",
    metadata: { "*": nemo("EncDecHybridRNNTCTCBPEModel", cache) },
    is: /streaming model \(nemo-ctc\)/,
  },
  {
    name: "sherpa-onnx-nemotron-speech-streaming-en-0.6b-560ms-int8-2026-04-25",
    files: "decoder.int8.onnx encoder.int8.onnx joiner.int8.onnx README.md test_wavs/0.wav tokens.txt",
    metadata: { encoder: nemo("EncDecHybridRNNTCTCBPEModel", { ...predictor, ...cache }) },
    is: /streaming model \(nemo-transducer\)/,
  },
  {
    name: "sherpa-onnx-streaming-t-one-russian-2025-09-08",
    files: "0.wav LICENSE README.md model.onnx tokens.txt",
    metadata: { "*": { model_type: "t-one", sample_rate: "8000", frame_length_ms: "300", state_dim: "219729" } },
    is: /streaming model \(t-one-ctc\)/,
  },
];
