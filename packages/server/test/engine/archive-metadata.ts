/** Metadata as the export scripts of the published models write it. */
export type Metadata = Readonly<Record<string, string>>;

export const cmvn = (size: number): string => Array.from({ length: size }, (_, index) => `${index}.5`).join(",");
export const lfr = { lfr_window_size: "7", lfr_window_shift: "6" };
export const senseVoice: Metadata = {
  ...lfr,
  normalize_samples: "0",
  neg_mean: cmvn(560),
  inv_stddev: cmvn(560),
  model_type: "sense_voice_ctc",
  vocab_size: "25055",
  comment: "iic/SenseVoiceSmall",
  lang_auto: "0",
  lang_zh: "3",
  lang_en: "4",
  lang_yue: "7",
  lang_ja: "11",
  lang_ko: "12",
  with_itn: "14",
  without_itn: "15",
};
export const paraformer: Metadata = {
  ...lfr,
  neg_mean: cmvn(560),
  inv_stddev: cmvn(560),
  model_type: "paraformer",
  vocab_size: "8404",
};
export const nemo = (type: string, more: Metadata = {}): Metadata => ({
  vocab_size: "1024",
  normalize_type: "per_feature",
  subsampling_factor: "8",
  model_type: type,
  ...more,
});
export const predictor: Metadata = { pred_rnn_layers: "2", pred_hidden: "640" };
export const cache: Metadata = { cache_last_channel_dim1: "17", window_size: "25", chunk_shift: "16" };
export const zipformer = (more: Metadata = {}): Metadata => ({
  model_type: "zipformer2",
  version: "1",
  model_author: "k2-fsa",
  comment: "non-streaming zipformer2",
  ...more,
});
export const chunks: Metadata = {
  decode_chunk_len: "32",
  T: "45",
  encoder_dims: "192,256",
  comment: "streaming zipformer2",
};
export const decoder: Metadata = { context_size: "2", vocab_size: "2000" };
export const wenet = (more: Metadata = {}): Metadata => ({
  model_type: "wenet_ctc",
  comment: "non-streaming",
  subsampling_factor: "4",
  vocab_size: "5538",
  ...more,
});
export const whisper = (name: string, languages: string): Metadata => ({
  model_type: `whisper-${name}`,
  n_mels: "80",
  n_audio_ctx: "1500",
  n_vocab: "51865",
  n_text_ctx: "448",
  n_text_state: "384",
  n_text_layer: "4",
  sot: "50258",
  eot: "50257",
  blank_id: "220",
  translate: "50358",
  transcribe: "50359",
  no_timestamps: "50363",
  no_speech: "50362",
  sot_sequence: "50258,50259,50359",
  is_multilingual: languages === "" ? "0" : "1",
  all_language_codes: languages === "" ? "en" : languages,
  all_language_tokens: languages
    .split(",")
    .map((_, index) => 50259 + index)
    .join(","),
});

/** A transducer as icefall exports it, in two number formats. */
export const transducerFiles = (suffix: string): string =>
  ["encoder", "decoder", "joiner"]
    .flatMap((part) => [`${part}-${suffix}.onnx`, `${part}-${suffix}.int8.onnx`])
    .join(" ");
