import type { Known } from "../known-models.ts";
import { sherpaRelease } from "./sherpa.ts";

/** Models that work on text after recognition. */
export const textModels: readonly Known[] = [
  {
    name: "punct/zh-en",
    title: { en: "Punctuation for Chinese and English text (CT-Transformer)", zh: "中英文标点恢复（CT-Transformer）" },
    licence: "Apache-2.0",
    parts: [
      sherpaRelease({
        archive: "sherpa-onnx-punct-ct-transformer-zh-en-vocab272727-2024-04-12-int8",
        sha256: "c0d5aa5f8eeb686032345e180bedf39319dc2e0556781c6264bcadba8328a6e1",
        bytes: 64_717_756,
        files: ["model.int8.onnx"],
        release: "punctuation-models",
        copies: ["modelscope"],
      }),
    ],
    model: { engine: "sherpa-punctuation", family: "ct-transformer", languages: ["zh", "en"] },
    isDetected: true,
  },
];
