import { type Layout, onnx } from "./layout.ts";
import { model, tokens } from "./layouts-offline.ts";

const online = { engine: "sherpa-online", segmenter: "silero" } as const;
const single = { ...online, roles: { model, tokens } } as const;
const transducer = {
  ...online,
  roles: { encoder: onnx("encoder"), decoder: onnx("decoder"), joiner: onnx("joiner"), tokens },
} as const;

/** Streaming models of sherpa's online recogniser, told from offline ones by the keys of their chunks. */
export const streamingLayouts: readonly Layout[] = [
  { ...transducer, family: "transducer", tellsBy: { role: "encoder", has: ["decode_chunk_len"] } },
  { ...transducer, family: "nemo-transducer", tellsBy: { role: "encoder", has: ["cache_last_channel_dim1"] } },
  {
    ...online,
    family: "paraformer",
    roles: { encoder: onnx("encoder"), decoder: onnx("decoder"), tokens },
    tellsBy: { role: "encoder", has: ["encoder_output_size", "lfr_window_size"] },
  },
  { ...single, family: "zipformer-ctc", tellsBy: { role: "model", has: ["decode_chunk_len"] } },
  { ...single, family: "nemo-ctc", tellsBy: { role: "model", has: ["cache_last_channel_dim1"] } },
  { ...single, family: "wenet-ctc", tellsBy: { role: "model", type: /^wenet_ctc$/, has: ["num_blocks"] } },
  { ...single, family: "t-one-ctc", tellsBy: { role: "model", has: ["frame_length_ms", "state_dim"] } },
];
