import type { Known } from "../known-models.ts";
import { huggingFace, sherpaRelease } from "./sherpa.ts";
import { voskArchive } from "./vosk.ts";

export const chineseModels: readonly Known[] = [
  {
    name: "cn",
    title: { en: "Vosk small, Chinese", zh: "Vosk 小型，中文" },
    licence: "Apache-2.0",
    parts: [
      voskArchive({
        archive: "vosk-model-small-cn-0.22",
        sha256: "3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
        bytes: 43_898_754,
        unpackedBytes: 68_292_271,
        copies: [
          { repo: "rhasspy/vosk-models", folder: "zh" },
          { repo: "mychen76/vosk-models", folder: "cn" },
        ],
      }),
    ],
    model: { engine: "vosk", family: "kaldi", languages: ["zh"] },
  },
  {
    name: "cn-large",
    title: { en: "Vosk large, Chinese: 1.4 GB, more exact", zh: "Vosk 大型，中文：1.4 GB，更准确" },
    licence: "Apache-2.0",
    parts: [voskArchive({ archive: "vosk-model-cn-0.22", copies: [{ repo: "mychen76/vosk-models", folder: "cn" }] })],
    model: { engine: "vosk", family: "kaldi", languages: ["zh"] },
  },
  {
    name: "sense-voice",
    title: {
      en: "SenseVoice small: Chinese, Cantonese, English, Japanese, Korean, with punctuation",
      zh: "SenseVoice small：中文、粤语、英语、日语、韩语，自带标点",
    },
    licence: "FunASR Model License 1.1",
    parts: [
      sherpaRelease(
        {
          archive: "sherpa-onnx-sense-voice-zh-en-ja-ko-yue-int8-2024-07-17",
          sha256: "7d1efa2138a65b0b488df37f8b89e3d91a60676e416f515b952358d83dfd347e",
          bytes: 163_002_883,
          unpackedBytes: 239_549_735,
          files: ["model.int8.onnx", "tokens.txt"],
          copies: ["modelscope"],
        },
        huggingFace("csukuangfj/sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17", [
          {
            path: "model.int8.onnx",
            bytes: 239_233_841,
            sha256: "c71f0ce00bec95b07744e116345e33d8cbbe08cef896382cf907bf4b51a2cd51",
          },
          {
            path: "tokens.txt",
            bytes: 315_894,
            sha256: "f449eb28dc567533d7fa59be34e2abca8784f771850c78a47fb731a31429a1dc",
          },
        ]),
      ),
    ],
    model: { engine: "sherpa-offline", family: "sense-voice", languages: ["zh", "yue", "en", "ja", "ko"] },
    isDetected: true,
  },
  {
    name: "paraformer",
    title: { en: "Paraformer, Chinese and English", zh: "Paraformer，中文与英语" },
    licence: "Apache-2.0",
    parts: [
      sherpaRelease(
        {
          archive: "sherpa-onnx-paraformer-zh-2023-09-14",
          sha256: "9c49fd9c6fb63de8e18c1054cf3d100f804741b7e608e187923cd8ff09fa9f03",
          bytes: 234_051_698,
          unpackedBytes: 243_447_000,
          files: ["model.int8.onnx", "tokens.txt"],
          copies: ["modelscope"],
        },
        huggingFace("csukuangfj/sherpa-onnx-paraformer-zh-2023-09-14", [
          {
            path: "model.int8.onnx",
            bytes: 243_371_218,
            sha256: "f36a0433bcf096bd6d6f11b80a3ac8bed110bdca632fe0d731df8d1a84475945",
          },
          {
            path: "tokens.txt",
            sha256: "59aba8873a2ed1e122c25fee421e25f283b63290efbde85c1f01a853d83cb6e6",
          },
        ]),
      ),
    ],
    model: { engine: "sherpa-offline", family: "paraformer", languages: ["zh", "en"] },
    isDetected: true,
  },
  {
    name: "paraformer-small",
    title: { en: "Paraformer small, Chinese and English", zh: "Paraformer 小型，中文与英语" },
    licence: "Apache-2.0",
    parts: [
      sherpaRelease({
        archive: "sherpa-onnx-paraformer-zh-small-2024-03-09",
        sha256: "da92b3db5218c5be53aad53e57d1b6e63e7fc98a0e054fbdd6dbe18e9c6b1450",
        bytes: 77_920_048,
        unpackedBytes: 81_904_027,
        files: ["model.int8.onnx", "tokens.txt"],
        copies: ["modelscope"],
      }),
    ],
    model: { engine: "sherpa-offline", family: "paraformer", languages: ["zh", "en"] },
    isDetected: true,
  },
  {
    name: "zipformer-zh-en",
    title: { en: "Zipformer transducer, Chinese and English mixed", zh: "Zipformer transducer，中英混合" },
    licence: "Apache-2.0",
    parts: [
      sherpaRelease({
        archive: "sherpa-onnx-zipformer-zh-en-2023-11-22",
        files: [
          "encoder-epoch-34-avg-19.int8.onnx",
          "decoder-epoch-34-avg-19.onnx",
          "joiner-epoch-34-avg-19.int8.onnx",
          "tokens.txt",
        ],
        copies: ["modelscope"],
      }),
    ],
    model: { engine: "sherpa-offline", family: "zipformer-transducer", languages: ["zh", "en"] },
    isDetected: true,
  },
  {
    name: "zipformer-zh",
    title: { en: "Zipformer transducer, Chinese (multi-zh-hans)", zh: "Zipformer transducer，中文（multi-zh-hans）" },
    licence: "Apache-2.0",
    parts: [
      sherpaRelease({
        archive: "sherpa-onnx-zipformer-multi-zh-hans-2023-9-2",
        sha256: "c4925a6b0f998800d16f80caf90d2decff7b7a8c156d044c6cffdf141c847d94",
        files: [
          "encoder-epoch-20-avg-1.int8.onnx",
          "decoder-epoch-20-avg-1.onnx",
          "joiner-epoch-20-avg-1.int8.onnx",
          "tokens.txt",
        ],
        copies: ["modelscope"],
      }),
    ],
    model: { engine: "sherpa-offline", family: "zipformer-transducer", languages: ["zh"] },
    isDetected: true,
  },
  {
    name: "zipformer-ctc-zh",
    title: { en: "Zipformer CTC, Chinese: very exact", zh: "Zipformer CTC，中文：非常准确" },
    licence: "Apache-2.0",
    parts: [
      sherpaRelease({
        archive: "sherpa-onnx-zipformer-ctc-zh-int8-2025-07-03",
        sha256: "f3ad1814fea34c407eab0cc3df6f6b625419ac9a60d8aebd8efe772a8e85ef67",
        bytes: 301_377_906,
        unpackedBytes: 367_000_000,
        files: ["model.int8.onnx", "tokens.txt"],
        copies: ["modelscope"],
      }),
    ],
    model: { engine: "sherpa-offline", family: "zipformer-ctc", languages: ["zh"] },
    isDetected: true,
  },
  {
    name: "zipformer-live",
    title: {
      en: "Streaming Zipformer transducer, Chinese and English mixed: live, with hotwords",
      zh: "流式 Zipformer transducer，中英混合：实时识别，支持热词",
    },
    licence: "Apache-2.0",
    parts: [
      sherpaRelease(
        {
          archive: "sherpa-onnx-streaming-zipformer-bilingual-zh-en-2023-02-20",
          files: [
            "encoder-epoch-99-avg-1.int8.onnx",
            "decoder-epoch-99-avg-1.onnx",
            "joiner-epoch-99-avg-1.int8.onnx",
            "tokens.txt",
          ],
          copies: ["modelscope"],
        },
        // With the table of pieces, which hotwords in English need.
        huggingFace("csukuangfj/sherpa-onnx-streaming-zipformer-bilingual-zh-en-2023-02-20", [
          { path: "encoder-epoch-99-avg-1.int8.onnx" },
          { path: "decoder-epoch-99-avg-1.onnx" },
          { path: "joiner-epoch-99-avg-1.int8.onnx" },
          { path: "tokens.txt" },
          { path: "bpe.vocab" },
        ]),
      ),
    ],
    model: { engine: "sherpa-online", family: "transducer", languages: ["zh", "en"] },
    isDetected: true,
  },
  {
    name: "paraformer-live",
    title: { en: "Streaming Paraformer, Chinese and English: live", zh: "流式 Paraformer，中文与英语：实时识别" },
    licence: "Apache-2.0",
    parts: [
      sherpaRelease(
        {
          archive: "sherpa-onnx-streaming-paraformer-bilingual-zh-en",
          files: ["encoder.int8.onnx", "decoder.int8.onnx", "tokens.txt"],
          copies: ["modelscope"],
        },
        huggingFace("csukuangfj/sherpa-onnx-streaming-paraformer-bilingual-zh-en", [
          { path: "encoder.int8.onnx" },
          { path: "decoder.int8.onnx" },
          { path: "tokens.txt" },
        ]),
      ),
    ],
    model: { engine: "sherpa-online", family: "paraformer", languages: ["zh", "en"] },
    isDetected: true,
  },
];
