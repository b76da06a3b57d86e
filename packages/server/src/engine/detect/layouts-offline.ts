import { type Layout, onnx, type RolePattern } from "./layout.ts";

/** What `model_type` says of NeMo's CTC models, and of the CTC branch of its hybrid ones. */
const nemoCtcTypes = /^EncDec(CTC|HybridRNNTCTC)/;
const nemoTransducerTypes = /^EncDec(RNNT|HybridRNNTCTC)/;

/** Keys that only streaming exports have. */
const streamingKeys: readonly string[] = ["decode_chunk_len", "cache_last_channel_dim1", "frame_length_ms"];
const streamingWenetKeys: readonly string[] = ["num_blocks", "cnn_module_kernel"];

/** `tokens.txt`, with a prefix for Whisper, and in the folders of icefall. */
export const tokens: RolePattern = { pattern: /^(data\/lang_\w+\/)?([^/]*-)?tokens\.txt$/, label: "tokens.txt" };

/**
 * The one ONNX file of a CTC model or a Paraformer; what its metadata says decides, so that it may have any name but
 * that of a part of another kind.
 */
export const model: RolePattern = {
  pattern:
    /^(exp\/)?(?!([^/]*[._-])?(encoder|decoder|joiner|encode|preprocess|uncached|cached|llm|embedding|conv_frontend)(?![a-z]))(?![^/]*(silero|_vad|encoder_adaptor))[^/]*\.onnx$/i,
  label: "model*.onnx",
};

const encoder = onnx("encoder");
const decoder = onnx("decoder");
/** `.ort` is the other format of ONNX Runtime, in which Moonshine's second layout is published. */
const moonshineFile = (word: string): RolePattern => ({
  pattern: new RegExp(`^${word}(?![a-z])[^/]*\\.(onnx|ort)$`),
  label: `${word}*.onnx or .ort`,
});
const inTokenizer = (name: string): RolePattern => ({
  pattern: new RegExp(`^(tokenizer|qwen[\\w.-]*)/${name.replace(".", "\\.")}$`, "i"),
  label: `tokenizer/${name}`,
});

/** CTC models need one. */
export const blank: NonNullable<Layout["tokens"]> = [["<blk>", "<eps>", "<blank>"]];
const offline = { engine: "sherpa-offline", segmenter: "silero" } as const;
const single = { ...offline, roles: { model, tokens } } as const;
const pair = { ...offline, roles: { encoder, decoder, tokens } } as const;
const transducer = { ...offline, roles: { encoder, decoder, joiner: onnx("joiner"), tokens } } as const;

const whisperNumbers: readonly string[] = (
  "n_mels n_text_layer n_text_ctx n_text_state n_vocab sot eot blank_id translate transcribe is_multilingual " +
  "no_timestamps no_speech"
).split(" ");
const senseVoiceNumbers = "vocab_size lfr_window_size lfr_window_shift normalize_samples".split(" ");

/** Kinds of one ONNX file: what its metadata says decides. */
const singleLayouts: readonly Layout[] = [
  {
    ...single,
    family: "sense-voice",
    tellsBy: { role: "model", type: /^sense_voice/, has: ["lang_auto", "with_itn"] },
    needs: {
      model: {
        numbers: [
          ...senseVoiceNumbers,
          ..."with_itn without_itn lang_auto lang_zh lang_en lang_ja lang_ko lang_yue".split(" "),
        ],
        lists: ["neg_mean", "inv_stddev"],
      },
    },
  },
  {
    ...single,
    family: "funasr-nano-ctc",
    tellsBy: { role: "model", type: /^sense_voice/, comment: /Nano/, lacks: ["lang_auto"] },
    needs: { model: { numbers: senseVoiceNumbers } },
  },
  {
    ...single,
    family: "paraformer",
    tellsBy: {
      role: "model",
      type: /^paraformer$/,
      typeOptional: true,
      has: ["lfr_window_size", "neg_mean"],
      lacks: ["encoder_output_size", "with_itn", "lang_auto"],
    },
    needs: {
      model: { numbers: ["vocab_size", "lfr_window_size", "lfr_window_shift"], lists: ["neg_mean", "inv_stddev"] },
    },
    tokens: [["</s>"]],
  },
  {
    ...single,
    family: "zipformer-ctc",
    tellsBy: { role: "model", type: /^zipformer2?_ctc$/, lacks: streamingKeys },
    tokens: blank,
  },
  {
    ...single,
    family: "nemo-ctc",
    tellsBy: {
      role: "model",
      type: nemoCtcTypes,
      typeOptional: true,
      has: ["vocab_size", "subsampling_factor", "normalize_type"],
      lacks: streamingKeys,
    },
    needs: { model: { numbers: ["vocab_size", "subsampling_factor"] } },
    tokens: blank,
  },
  {
    ...single,
    family: "wenet-ctc",
    tellsBy: { role: "model", type: /^wenet_ctc$/, lacks: streamingWenetKeys },
    needs: { model: { numbers: ["vocab_size", "subsampling_factor"] } },
    tokens: blank,
  },
  {
    ...single,
    family: "dolphin",
    tellsBy: { role: "model", has: ["vocab_size", "mean", "invstd"] },
    needs: { model: { numbers: ["vocab_size"], lists: ["mean", "invstd"] } },
    tokens: blank,
  },
  {
    ...single,
    family: "fire-red-ctc",
    tellsBy: { role: "model", type: /^fire-red-asr-2-ctc$/ },
    needs: { model: { texts: ["model_type"], lists: ["cmvn_mean", "cmvn_inv_stddev"] } },
    tokens: blank,
  },
  { ...single, family: "telespeech-ctc", tellsBy: { role: "model", type: /^telespeech_ctc$/ }, tokens: blank },
  { ...single, family: "omnilingual-ctc", tellsBy: { role: "model", type: /^omnilingual-asr$/ } },
  {
    ...single,
    family: "medasr-ctc",
    tellsBy: { role: "model", type: /^medasr_ctc$/ },
    needs: { model: { texts: ["model_type"], numbers: ["vocab_size"] } },
    tokens: blank,
  },
];

/** Kinds of an encoder and a decoder, told apart by the encoder's metadata, and transducers. */
const encoderLayouts: readonly Layout[] = [
  {
    ...pair,
    family: "whisper",
    tellsBy: { role: "encoder", type: /^whisper/ },
    needs: { encoder: { numbers: whisperNumbers, lists: ["sot_sequence"] } },
  },
  {
    ...pair,
    family: "canary",
    tellsBy: { role: "encoder", type: /^EncDecMultiTaskModel$/ },
    needs: { encoder: { texts: ["model_type"], numbers: ["vocab_size", "subsampling_factor", "feat_dim"] } },
    tokens: [
      "<|startofcontext|>",
      "<|startoftranscript|>",
      "<|emo:undefined|>",
      "<|pnc|>",
      "<|nopnc|>",
      "<|noitn|>",
      "<|notimestamp|>",
      "<|nodiarize|>",
      "<|endoftext|>",
      "<|en|>",
      "<|es|>",
      "<|de|>",
      "<|fr|>",
    ].map((token) => [token]),
    vocabulary: { role: "encoder", more: 0 },
  },
  {
    ...pair,
    family: "cohere-transcribe",
    tellsBy: { role: "encoder", type: /cohere-transcribe/ },
    needs: { encoder: { texts: ["model_type"] } },
    tokens: [
      "<|startofcontext|>",
      "<|startoftranscript|>",
      "<|emo:undefined|>",
      "<|pnc|>",
      "<|itn|>",
      "<|noitn|>",
      "<|notimestamp|>",
      "<|nodiarize|>",
      "<|endoftext|>",
    ].map((token) => [token]),
  },
  {
    ...pair,
    family: "fire-red",
    tellsBy: { role: "encoder", has: ["num_decoder_layers", "cmvn_mean"] },
    needs: {
      encoder: {
        numbers: ["num_decoder_layers", "num_head", "head_dim", "sos", "eos", "max_len"],
        lists: ["cmvn_mean", "cmvn_inv_stddev"],
      },
    },
  },
  {
    ...transducer,
    family: "transducer",
    tellsBy: {
      role: "encoder",
      type: /^(conformer|zipformer2?)$/,
      typeOptional: true,
      lacks: [...streamingKeys, "pred_rnn_layers"],
    },
    needs: { decoder: { numbers: ["vocab_size", "context_size"] } },
  },
  {
    ...transducer,
    family: "nemo-transducer",
    tellsBy: { role: "encoder", type: nemoTransducerTypes, has: ["pred_rnn_layers"], lacks: streamingKeys },
    needs: { encoder: { numbers: ["vocab_size", "subsampling_factor", "pred_rnn_layers", "pred_hidden"] } },
    tokens: [["<blk>"]],
    vocabulary: { role: "encoder", more: 1, last: "<blk>" },
  },
];

/** Kinds that their names tell. */
const namedLayouts: readonly Layout[] = [
  {
    ...offline,
    family: "moonshine",
    roles: { encoder: moonshineFile("encoder"), mergedDecoder: moonshineFile("decoder_model_merged"), tokens },
  },
  {
    ...offline,
    family: "moonshine-v1",
    roles: {
      preprocessor: moonshineFile("preprocess"),
      encoder: moonshineFile("encode"),
      uncachedDecoder: moonshineFile("uncached_decode"),
      cachedDecoder: moonshineFile("cached_decode"),
      tokens,
    },
  },
  {
    ...offline,
    family: "qwen3-asr",
    roles: {
      convFrontend: onnx("conv_frontend"),
      encoder,
      decoder,
      vocabulary: inTokenizer("vocab.json"),
      merges: inTokenizer("merges.txt"),
      tokenizer: inTokenizer("tokenizer_config.json"),
    },
  },
  {
    ...offline,
    family: "funasr-nano",
    roles: {
      encoderAdaptor: onnx("encoder_adaptor"),
      llm: onnx("llm"),
      embedding: onnx("embedding"),
      vocabulary: inTokenizer("vocab.json"),
      merges: inTokenizer("merges.txt"),
      tokenizer: inTokenizer("tokenizer.json"),
    },
    needs: {
      encoderAdaptor: { numbers: ["lfr_window_size", "lfr_window_shift", "llm_dim"] },
      llm: { numbers: ["vocab_size"] },
    },
  },
];

/** What sherpa's offline recogniser loads; the keys are those that its 1.13 reads. */
export const offlineLayouts: readonly Layout[] = [...singleLayouts, ...encoderLayouts, ...namedLayouts];
