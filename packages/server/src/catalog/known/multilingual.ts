import type { Known } from "../known-models.ts";
import { type HubFile, huggingFace, type SherpaRelease, sherpaRelease } from "./sherpa.ts";

interface WhisperSize {
  /** The name in the files: `tiny-encoder.int8.onnx`. */
  readonly size: string;
  readonly title: Known["title"];
  readonly archive: Pick<SherpaRelease, "sha256" | "bytes" | "unpackedBytes">;
  /** The same two files alone, with their hashes. */
  readonly encoder: Pick<HubFile, "bytes" | "sha256">;
  readonly decoder: Pick<HubFile, "bytes" | "sha256">;
}

const whisperFiles = (size: string): [encoder: string, decoder: string, tokens: string] => [
  `${size}-encoder.int8.onnx`,
  `${size}-decoder.int8.onnx`,
  `${size}-tokens.txt`,
];

/** The same table of tokens for all sizes. */
const whisperTokens = {
  bytes: 816_730,
  sha256: "b34b360dbb493e781e479794586d661700670d65564001f23024971d1f2fa126",
};

/** The single files first: the archives hold larger formats, too, and take long to unpack. */
function whisper({ size, title, archive: known, encoder, decoder }: WhisperSize): Known {
  const archive = `sherpa-onnx-whisper-${size}`;
  const files = whisperFiles(size);
  const [encoderPath, decoderPath, tokensPath] = files;
  const single = huggingFace(`csukuangfj/${archive}`, [
    { path: encoderPath, ...encoder },
    { path: decoderPath, ...decoder },
    { path: tokensPath, ...whisperTokens },
  ]);
  return {
    name: `whisper-${size}`,
    title,
    licence: "MIT",
    parts: [sherpaRelease({ archive, files, ...known, copies: ["modelscope"] }, single)],
    model: { engine: "sherpa-offline", family: "whisper", languages: [] },
    isDetected: true,
  };
}

export const multilingualModels: readonly Known[] = [
  whisper({
    size: "tiny",
    title: { en: "Whisper tiny, 99 languages", zh: "Whisper tiny，99 种语言" },
    archive: {
      sha256: "c46116994e539aa165266d96b325252728429c12535eb9d8b6a2b10f129e66b1",
      bytes: 116_204_861,
      unpackedBytes: 103_609_903,
    },
    encoder: { bytes: 12_937_772, sha256: "d24fb083ae3b1041fc24e97971d60e280c9342201fbb67b0ab428a8b4a51a434" },
    decoder: { bytes: 89_855_401, sha256: "d2fece8dd42771f1df975c6c0445770d0c292bf7547c2cae04a6c0cc57540925" },
  }),
  whisper({
    size: "base",
    title: { en: "Whisper base, 99 languages", zh: "Whisper base，99 种语言" },
    archive: {
      sha256: "911b2083efd7c0dca2ac3b358b75222660dc09fb716d64fbfc417ba6c99ff3de",
      bytes: 207_557_382,
      unpackedBytes: 160_610_000,
    },
    encoder: { sha256: "0b8fb1304b6109976038efff5ace81720e00386f3ff6b54ee8c75291ca0a1e11" },
    decoder: { sha256: "9759d217388a01b3a4c7c15533201067b48ae819c4daafc8624e64b9409dc02d" },
  }),
  whisper({
    size: "small",
    title: { en: "Whisper small, 99 languages", zh: "Whisper small，99 种语言" },
    archive: {
      sha256: "486a46afbb7ba798507190ffe02fea2dd726049af212e774537efac6afb210a6",
      bytes: 639_387_718,
      unpackedBytes: 375_485_327,
    },
    encoder: { bytes: 112_442_483, sha256: "4cbe7b22fa9026b843b60a68640c747de05bafb1a11b57edc0e66c232d9f33a9" },
    decoder: { bytes: 262_226_114, sha256: "acad50b5c782696e91b55914cc5ab4f756f1532f76e22aa6fc615f39fb69a8ee" },
  }),
  whisper({
    size: "turbo",
    title: {
      en: "Whisper large-v3 turbo, 99 languages: exact, slow",
      zh: "Whisper large-v3 turbo，99 种语言：准确但较慢",
    },
    archive: {
      sha256: "b11acbbcd660b44a8e0df33724feb5aaa709cf65668f2823d59f656312544f22",
      bytes: 563_790_207,
      unpackedBytes: 1_036_613_791,
    },
    encoder: { bytes: 674_716_297, sha256: "b02dcdf54f348741e93fe732b67d933c8dcb6735655f710640143081db38878b" },
    decoder: { bytes: 361_080_764, sha256: "20accd02388482eb3a46bd615631adfdc85e1eb2c7db9ea3f02a40ffe6b81547" },
  }),
  {
    name: "whisper-large-v3",
    title: { en: "Whisper large-v3, 99 languages: slowest", zh: "Whisper large-v3，99 种语言：最慢" },
    licence: "MIT",
    parts: [
      [
        huggingFace(
          "csukuangfj/sherpa-onnx-whisper-large-v3",
          whisperFiles("large-v3").map((path) => ({ path })),
        ),
      ],
    ],
    model: { engine: "sherpa-offline", family: "whisper", languages: [] },
    isDetected: true,
  },
  {
    name: "parakeet-v3",
    title: { en: "Parakeet TDT 0.6B v3, 25 European languages", zh: "Parakeet TDT 0.6B v3，25 种欧洲语言" },
    licence: "CC-BY-4.0",
    parts: [
      sherpaRelease({
        archive: "sherpa-onnx-nemo-parakeet-tdt-0.6b-v3-int8",
        sha256: "5793d0fd397c5778d2cf2126994d58e9d56b1be7c04d13c7a15bb1b4eafb16bf",
        files: ["encoder.int8.onnx", "decoder.int8.onnx", "joiner.int8.onnx", "tokens.txt"],
      }),
    ],
    model: {
      engine: "sherpa-offline",
      family: "nemo-transducer",
      languages: "en bg hr cs da nl et fi fr de el hu it lv lt mt pl pt ro sk sl es sv ru uk".split(" "),
    },
    isDetected: true,
  },
];
