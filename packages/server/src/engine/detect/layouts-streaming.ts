import { type Layout, type NeededMetadata, onnx } from "./layout.ts";
import { blank, model, tokens } from "./layouts-offline.ts";

const online = { engine: "sherpa-online", segmenter: "silero" } as const;
const single = { ...online, roles: { model, tokens } } as const;
const transducer = {
  ...online,
  roles: { encoder: onnx("encoder"), decoder: onnx("decoder"), joiner: onnx("joiner"), tokens },
} as const;

const icefallChunks: readonly string[] = ["T", "decode_chunk_len"];
const nemoNumbers: readonly string[] = [
  ..."window_size chunk_shift subsampling_factor vocab_size".split(" "),
  ...[1, 2, 3].flatMap((at) => [`cache_last_channel_dim${at}`, `cache_last_time_dim${at}`]),
];
const zipformerLists: readonly string[] =
  "encoder_dims query_head_dims value_head_dims num_heads num_encoder_layers cnn_module_kernels left_context_len".split(
    " ",
  );
const paraformer: NeededMetadata = {
  numbers:
    "vocab_size lfr_window_size lfr_window_shift encoder_output_size decoder_num_blocks decoder_kernel_size".split(" "),
  lists: ["neg_mean", "inv_stddev"],
};

/** Streaming models of sherpa's online recogniser, told from offline ones by the keys of their chunks. */
export const streamingLayouts: readonly Layout[] = [
  {
    ...transducer,
    family: "transducer",
    optional: { bpeVocabulary: { pattern: /^(data\/lang_\w+\/)?bpe\.vocab$/, label: "bpe.vocab" } },
    tellsBy: { role: "encoder", has: ["decode_chunk_len"] },
    needs: {
      encoder: { texts: ["model_type"], numbers: icefallChunks },
      decoder: { numbers: ["vocab_size", "context_size"] },
    },
  },
  {
    ...transducer,
    family: "nemo-transducer",
    tellsBy: { role: "encoder", has: ["cache_last_channel_dim1"] },
    needs: { encoder: { numbers: [...nemoNumbers, "pred_rnn_layers", "pred_hidden"] } },
    tokens: [["<blk>"]],
  },
  {
    ...online,
    family: "paraformer",
    roles: { encoder: onnx("encoder"), decoder: onnx("decoder"), tokens },
    tellsBy: { role: "encoder", has: ["encoder_output_size", "lfr_window_size"] },
    needs: { encoder: paraformer },
  },
  {
    ...single,
    family: "zipformer-ctc",
    tellsBy: { role: "model", has: ["decode_chunk_len"] },
    needs: { model: { numbers: icefallChunks, lists: zipformerLists } },
    tokens: blank,
  },
  {
    ...single,
    family: "nemo-ctc",
    tellsBy: { role: "model", has: ["cache_last_channel_dim1"] },
    needs: { model: { numbers: nemoNumbers } },
    tokens: blank,
  },
  // The library's interface for other languages has no place for its file.
  {
    ...single,
    family: "wenet-ctc",
    isRefused: true,
    tellsBy: { role: "model", type: /^wenet_ctc$/, has: ["num_blocks"] },
  },
  {
    ...single,
    family: "t-one-ctc",
    tellsBy: { role: "model", has: ["frame_length_ms", "state_dim"] },
    needs: { model: { numbers: ["frame_length_ms", "state_dim", "sample_rate"] } },
    tokens: blank,
  },
];
