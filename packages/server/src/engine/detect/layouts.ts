import { exactly, type Layout } from "./layout.ts";
import { model, offlineLayouts } from "./layouts-offline.ts";
import { streamingLayouts } from "./layouts-streaming.ts";

const voskLayouts: readonly Layout[] = [
  {
    engine: "vosk",
    family: "kaldi",
    segmenter: "silero",
    wholeFolder: true,
    roles: {
      acousticModel: exactly("am/final.mdl"),
      configuration: exactly("conf/model.conf"),
      features: { pattern: /^conf\/(mfcc|fbank)\.conf$/, label: "conf/mfcc.conf" },
      graph: { pattern: /^graph\/HCL[Gr]\.fst$/, label: "graph/HCLG.fst or graph/HCLr.fst" },
    },
  },
  {
    engine: "vosk",
    family: "kaldi",
    segmenter: "silero",
    wholeFolder: true,
    roles: {
      acousticModel: exactly("final.mdl"),
      features: { pattern: /^(mfcc|fbank)\.conf$/, label: "mfcc.conf" },
      graph: { pattern: /^HCL[Gr]\.fst$/, label: "HCLG.fst or HCLr.fst" },
    },
  },
];

/** Its tokens are in its metadata; a table beside it would make it a speech model. */
const punctuationLayout: Layout = {
  engine: "sherpa-punctuation",
  family: "ct-transformer",
  segmenter: "energy",
  roles: { model },
  tellsBy: { role: "model", has: ["tokens", "vocab_size", "punctuations", "unk_symbol"] },
  needs: { model: { numbers: ["vocab_size"], texts: ["tokens", "punctuations", "unk_symbol"] } },
};

const fakeLayout: Layout = {
  engine: "fake",
  family: "fake",
  segmenter: "energy",
  roles: { script: exactly("fake.json") },
};

/** Every kind of model that is recognised. A new one is one more entry, and one in the engine's own table. */
export const layouts: readonly Layout[] = [
  ...voskLayouts,
  ...offlineLayouts,
  ...streamingLayouts,
  punctuationLayout,
  fakeLayout,
];
