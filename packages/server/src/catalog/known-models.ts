import type { Source } from "./sources.ts";

/** Something that can be fetched by name. */
export interface Known {
  /** The id under which it lands in the model directory; for native parts, the name of their folder. */
  readonly name: string;
  /** One line for people. */
  readonly title: string;
  /** SPDX name. */
  readonly licence: string;
  /** What is fetched, each part from the first of its sources that has it. */
  readonly parts: readonly (readonly [Source, ...Source[]])[];
  /** A file that is made from fetched ones. */
  readonly derive?: "moonshine-tokens";
  /** What goes into the manifest. */
  readonly model: {
    readonly engine: "vosk" | "sherpa-offline";
    readonly family: string;
    readonly languages: readonly string[];
  };
  /** What to do where none of the sources can be reached. */
  readonly byHand?: string;
}

/** Where the vocabulary lies until the token table is made of it; not part of the finished model. */
export const vocabularyFile = "llama-tokenizer.js";

const llamaVocabulary: Source = {
  kind: "npm",
  package: "llama-tokenizer-js",
  version: "1.2.2",
  sha512: "Wmth393dc3odWU3IzARJ3r2oIfWgw9GdJ5Gm+hGhfECNO18UHLRqEFSf511jn4E9KcQGzuuKw4Wl08pHAemLAw==",
  bytes: 388_950,
  take: [{ from: "package/llama-tokenizer.js", to: vocabularyFile }],
};

const moonshineFiles = (size: "tiny" | "base") =>
  ["encoder_model.onnx", "decoder_model_merged.onnx"].map((file) => ({
    from: `package/dist/model/${size}/quantized/${file}`,
    to: file,
  }));

/** The models that `pull` knows, the default first. */
export const knownModels: readonly Known[] = [
  {
    name: "en/tiny",
    title: "Moonshine tiny, English: small and fast",
    licence: "MIT",
    parts: [
      [
        {
          kind: "npm",
          package: "@moonshine-ai/moonshine-js",
          version: "0.1.29",
          sha512: "Gx1B3mJcbM68ihSy/LyJEuEkGq7sYMqTb04zNdcIeidU0URVlSmXP0GyiQOTTAqDZQXlIC7k+bky+FdXk0UPlg==",
          bytes: 21_514_347,
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
    title: "Moonshine base, English: more exact, about twice the size",
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
    name: "cn",
    title: "Vosk small, Chinese",
    licence: "Apache-2.0",
    parts: [
      [
        {
          kind: "zip",
          url: "https://alphacephei.com/vosk/models/vosk-model-small-cn-0.22.zip",
          take: [{ under: "vosk-model-small-cn-0.22" }],
        },
      ],
    ],
    model: { engine: "vosk", family: "kaldi", languages: ["zh"] },
    byHand: "fetch that file on another machine and unpack it into the folder cn of the model directory",
  },
];
