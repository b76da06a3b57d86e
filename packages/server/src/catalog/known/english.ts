import type { Known } from "../known-models.ts";
import type { Source } from "../sources.ts";
import { huggingFace, sherpaRelease } from "./sherpa.ts";
import { voskArchive } from "./vosk.ts";

const llamaVocabulary: Source = {
  kind: "npm",
  package: "llama-tokenizer-js",
  version: "1.2.2",
  sha512: "Wmth393dc3odWU3IzARJ3r2oIfWgw9GdJ5Gm+hGhfECNO18UHLRqEFSf511jn4E9KcQGzuuKw4Wl08pHAemLAw==",
  bytes: 388_950,
  take: [{ from: "package/llama-tokenizer.js", to: "llama-tokenizer.js" }],
};

const moonshineFiles = (size: "tiny" | "base") =>
  ["encoder_model.onnx", "decoder_model_merged.onnx"].map((file) => ({
    from: `package/dist/model/${size}/quantized/${file}`,
    to: file,
  }));

const fourFileMoonshine = [
  "preprocess.onnx",
  "encode.int8.onnx",
  "uncached_decode.int8.onnx",
  "cached_decode.int8.onnx",
  "tokens.txt",
];

const transducer = ["encoder.int8.onnx", "decoder.int8.onnx", "joiner.int8.onnx", "tokens.txt"];

export const englishModels: readonly Known[] = [
  {
    name: "en/tiny",
    title: { en: "Moonshine tiny, English: small and fast", zh: "Moonshine tiny，英语：小而快" },
    licence: "MIT",
    parts: [
      [
        {
          kind: "npm",
          package: "@moonshine-ai/moonshine-js",
          version: "0.1.29",
          sha512: "Gx1B3mJcbM68ihSy/LyJEuEkGq7sYMqTb04zNdcIeidU0URVlSmXP0GyiQOTTAqDZQXlIC7k+bky+FdXk0UPlg==",
          bytes: 21_514_347,
          unpackedBytes: 28_000_000,
          take: moonshineFiles("tiny"),
        },
      ],
      [llamaVocabulary],
    ],
    derive: "moonshine-tokens",
    model: { engine: "sherpa-offline", family: "moonshine", languages: ["en"] },
  },
  {
    name: "en/base",
    title: {
      en: "Moonshine base, English: more exact, about twice the size",
      zh: "Moonshine base，英语：更准确，约两倍大小",
    },
    licence: "MIT",
    parts: [
      [
        {
          kind: "npm",
          package: "@usefulsensors/moonshine-js",
          version: "0.1.16",
          sha512: "iQIF4XHwyPxBm1l/ECJPjJLQj8RvlYj2guRsiUgrfa9vSE3gYXeaoV2DHjNgi7NIUTyl648AG2t+Ndbrj+L7TA==",
          bytes: 66_841_492,
          take: moonshineFiles("base"),
        },
      ],
      [llamaVocabulary],
    ],
    derive: "moonshine-tokens",
    model: { engine: "sherpa-offline", family: "moonshine", languages: ["en"] },
  },
  {
    name: "en/moonshine-tiny",
    title: {
      en: "Moonshine tiny, English, as sherpa-onnx publishes it",
      zh: "Moonshine tiny，英语，sherpa-onnx 发布的版本",
    },
    licence: "MIT",
    parts: [
      sherpaRelease(
        {
          archive: "sherpa-onnx-moonshine-tiny-en-int8",
          sha256: "d5fe6ec4334fef36255b2a4010412cad4c007e33103fec62fb5d17cad88086f2",
          files: fourFileMoonshine,
        },
        huggingFace("csukuangfj/sherpa-onnx-moonshine-tiny-en-int8", [
          {
            path: "preprocess.onnx",
            bytes: 6_800_738,
            sha256: "f33addce61a143460fe753b5ee5b7db255e5140b5b779c065b94f6c83ff0bf4e",
          },
          {
            path: "encode.int8.onnx",
            bytes: 18_249_187,
            sha256: "8774dfba578de027ec6595c2c654a0836434489bc963a0db124a7f181f571acb",
          },
          {
            path: "uncached_decode.int8.onnx",
            bytes: 53_216_096,
            sha256: "216737000dd5881a17aa043f6bbd286add33e4c3b0ae257153e2ec15438bdc41",
          },
          {
            path: "cached_decode.int8.onnx",
            bytes: 45_264_830,
            sha256: "2aff28bba6a03d8dcf5c9feac45462629bae37317442299f28115ad09da773f6",
          },
          {
            path: "tokens.txt",
            bytes: 436_688,
            sha256: "1165c2aeb9f72f457a83be2d459a09054f27490acd9b41bd43794dfd25e296ea",
          },
        ]),
      ),
    ],
    model: { engine: "sherpa-offline", family: "moonshine", languages: ["en"] },
    isDetected: true,
  },
  {
    name: "en/moonshine-base",
    title: {
      en: "Moonshine base, English, as sherpa-onnx publishes it",
      zh: "Moonshine base，英语，sherpa-onnx 发布的版本",
    },
    licence: "MIT",
    parts: [
      sherpaRelease({
        archive: "sherpa-onnx-moonshine-base-en-int8",
        sha256: "21870cecaa2e44e4e2bf63e02d1072bed183ccd10284871353bd9d24dad14e5e",
        bytes: 250_807_309,
        files: fourFileMoonshine,
      }),
    ],
    model: { engine: "sherpa-offline", family: "moonshine", languages: ["en"] },
    isDetected: true,
  },
  {
    name: "en/vosk",
    title: { en: "Vosk small, English (US)", zh: "Vosk 小型，英语（美国）" },
    licence: "Apache-2.0",
    parts: [
      voskArchive({
        archive: "vosk-model-small-en-us-0.15",
        sha256: "30f26242c4eb449f948e42cb302dd7a686cb29a3423a8367f99ff41780942498",
        bytes: 41_205_931,
        copies: [{ repo: "rhasspy/vosk-models", folder: "en" }],
      }),
    ],
    model: { engine: "vosk", family: "kaldi", languages: ["en"] },
  },
  {
    name: "en/parakeet",
    title: {
      en: "Parakeet TDT 0.6B v2, English: very exact, large",
      zh: "Parakeet TDT 0.6B v2，英语：非常准确，体积大",
    },
    licence: "CC-BY-4.0",
    parts: [
      sherpaRelease({ archive: "sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-int8", bytes: 482_468_385, files: transducer }),
    ],
    model: { engine: "sherpa-offline", family: "nemo-transducer", languages: ["en"] },
    isDetected: true,
  },
];
