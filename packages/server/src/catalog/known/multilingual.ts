import type { Known } from "../known-models.ts";
import { type HubFile, huggingFace, type SherpaRelease, sherpaRelease } from "./sherpa.ts";

interface WhisperSize {
  /** The name in the files: `tiny-encoder.int8.onnx`. */
  readonly size: string;
  readonly title: Known["title"];
  readonly known: Pick<SherpaRelease, "sha256" | "bytes" | "unpackedBytes">;
  /** The files at Hugging Face; those without a known hash are believed as they first come. */
  readonly files?: readonly HubFile[];
}

const whisperFiles = (size: string) => [`${size}-encoder.int8.onnx`, `${size}-decoder.int8.onnx`, `${size}-tokens.txt`];

function whisper({ size, title, known, files }: WhisperSize): Known {
  const archive = `sherpa-onnx-whisper-${size}`;
  const names = whisperFiles(size);
  const hub = huggingFace(`csukuangfj/${archive}`, files ?? names.map((path) => ({ path })));
  const [first, ...rest] = sherpaRelease({ archive, files: names, ...known });
  return {
    name: `whisper-${size}`,
    title,
    licence: "MIT",
    // Files with known hashes are the shorter way; else the archive with its hash is the safer one.
    parts: [files === undefined ? [first, ...rest, hub] : [hub, first, ...rest]],
    model: { engine: "sherpa-offline", family: "whisper", languages: [] },
    isDetected: true,
  };
}

export const multilingualModels: readonly Known[] = [
  whisper({
    size: "tiny",
    title: { en: "Whisper tiny, 99 languages", zh: "Whisper tiny，99 种语言" },
    known: {
      sha256: "c46116994e539aa165266d96b325252728429c12535eb9d8b6a2b10f129e66b1",
      bytes: 116_204_861,
    },
  }),
  whisper({
    size: "base",
    title: { en: "Whisper base, 99 languages", zh: "Whisper base，99 种语言" },
    known: {
      sha256: "911b2083efd7c0dca2ac3b358b75222660dc09fb716d64fbfc417ba6c99ff3de",
      bytes: 207_557_382,
      unpackedBytes: 160_610_000,
    },
  }),
  whisper({
    size: "small",
    title: { en: "Whisper small, 99 languages", zh: "Whisper small，99 种语言" },
    known: {
      sha256: "486a46afbb7ba798507190ffe02fea2dd726049af212e774537efac6afb210a6",
      bytes: 639_387_718,
      unpackedBytes: 375_485_000,
    },
  }),
  whisper({
    size: "turbo",
    title: { en: "Whisper large-v3 turbo, 99 languages: exact, slow", zh: "Whisper large-v3 turbo，99 种语言：准确但较慢" },
    known: {
      sha256: "b11acbbcd660b44a8e0df33724feb5aaa709cf65668f2823d59f656312544f22",
      bytes: 563_790_207,
      unpackedBytes: 1_036_614_000,
    },
    files: [
      {
        path: "turbo-encoder.int8.onnx",
        bytes: 674_716_297,
        sha256: "b02dcdf54f348741e93fe732b67d933c8dcb6735655f710640143081db38878b",
      },
      {
        path: "turbo-decoder.int8.onnx",
        bytes: 361_080_764,
        sha256: "20accd02388482eb3a46bd615631adfdc85e1eb2c7db9ea3f02a40ffe6b81547",
      },
      {
        path: "turbo-tokens.txt",
        bytes: 816_730,
        sha256: "b34b360dbb493e781e479794586d661700670d65564001f23024971d1f2fa126",
      },
    ],
  }),
  {
    name: "whisper-large-v3",
    title: { en: "Whisper large-v3, 99 languages: slowest", zh: "Whisper large-v3，99 种语言：最慢" },
    licence: "MIT",
    parts: [
      [huggingFace("csukuangfj/sherpa-onnx-whisper-large-v3", whisperFiles("large-v3").map((path) => ({ path })))],
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
      languages: [
        ..."en bg hr cs da nl et fi fr de el hu it lv lt mt pl pt ro sk sl es sv ru uk".split(" "),
      ],
    },
    isDetected: true,
  },
];
