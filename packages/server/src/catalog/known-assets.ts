import { VoxpoolError } from "../base/errors.ts";
import type { Source } from "./sources.ts";

/** A native part that models share. It lies in `assets/<name>-<version>/` of the state directory. */
export interface KnownAsset {
  readonly name: AssetName;
  readonly version: string;
  readonly licence: string;
  readonly sources: readonly [Source, ...Source[]];
  /** The file that is wanted; others may have to lie beside it. */
  readonly file: string;
}

export const assetNames = ["silero-vad", "libvosk", "itn-zh"] as const;
export type AssetName = (typeof assetNames)[number];

/** The machine that a native part is for. */
export interface Platform {
  /** As `process.platform`. */
  readonly os: string;
  /** As `process.arch`. */
  readonly arch: string;
  /** Whether the C library is glibc; only asked on Linux. */
  readonly glibc: boolean;
}

/** @throws VoxpoolError `platform_unsupported` */
export function findAsset(name: AssetName, platform: Platform = thisPlatform()): KnownAsset {
  if (name === "itn-zh") return chineseNumbers;
  return name === "silero-vad" ? silero : libvosk(platform);
}

function thisPlatform(): Platform {
  return { os: process.platform, arch: process.arch, glibc: process.platform === "linux" && hasGlibc() };
}

function hasGlibc(): boolean {
  const reporter: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report;
  const before = reporter.excludeNetwork ?? false;
  reporter.excludeNetwork = true; // It would look up the names of open connections.
  const report: { readonly header?: object } = reporter.getReport();
  reporter.excludeNetwork = before;
  return "glibcVersionRuntime" in (report.header ?? {});
}

const silero: KnownAsset = {
  name: "silero-vad",
  version: "v6",
  licence: "MIT",
  file: "silero_vad.onnx",
  sources: [
    {
      kind: "npm",
      package: "@ricky0123/vad-web",
      version: "0.0.31",
      sha512: "ePVq8TvB21sdHSxVMZOEIf9JVa7MAYpaIaNXeGgsPOiMCN8xbPCdF2LS5aYj7VRR3ZxzutedgV9ZplV65IA1Fg==",
      bytes: 5_471_324,
      // v5 misses whole words of old and quiet recordings; v6 has the same shape and hears them.
      take: [{ from: "package/dist/silero_vad_v6.onnx", to: "silero_vad.onnx" }],
    },
  ],
};

/** Rules that write spoken Chinese numbers as digits. */
const chineseNumbers: KnownAsset = {
  name: "itn-zh",
  version: "1",
  licence: "Apache-2.0",
  file: "itn_zh_number.fst",
  sources: [
    {
      kind: "files",
      files: [
        {
          at: { url: "https://github.com/k2-fsa/sherpa-onnx/releases/download/asr-models/itn_zh_number.fst" },
          to: "itn_zh_number.fst",
        },
      ],
    },
  ],
};

interface VoskWheel {
  readonly version: string;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  /** The library first, then what it needs beside it. */
  readonly libraries: readonly [string, ...string[]];
}

/** By `process.platform`-`process.arch`. */
const voskWheels: Readonly<Record<string, VoskWheel>> = {
  "linux-x64": {
    version: "0.3.45",
    file: "vosk-0.3.45-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.whl",
    sha256: "25e025093c4399d7278f543568ed8cc5460ac3a4bf48c23673ace1e25d26619f",
    bytes: 7_173_758,
    libraries: ["libvosk.so"],
  },
  "linux-arm64": {
    version: "0.3.45",
    file: "vosk-0.3.45-py3-none-manylinux2014_aarch64.whl",
    sha256: "54efb47dd890e544e9e20f0316413acec7f8680d04ec095c6140ab4e70262704",
    bytes: 2_368_543,
    libraries: ["libvosk.so"],
  },
  "linux-arm": {
    version: "0.3.45",
    file: "vosk-0.3.45-py3-none-linux_armv7l.whl",
    sha256: "4221f83287eefe5abbe54fc6f1da5774e9e3ffcbbdca1705a466b341093b072e",
    bytes: 2_388_263,
    libraries: ["libvosk.so"],
  },
  "win32-x64": {
    version: "0.3.45",
    file: "vosk-0.3.45-py3-none-win_amd64.whl",
    sha256: "6994ddc68556c7e5730c3b6f6bad13320e3519b13ce3ed2aa25a86724e7c10ac",
    bytes: 13_997_596,
    libraries: ["libvosk.dll", "libgcc_s_seh-1.dll", "libstdc++-6.dll", "libwinpthread-1.dll"],
  },
  "darwin-x64": macWheel(),
  "darwin-arm64": macWheel(),
};

/** Universal: the same for both processors. Later versions have none for macOS. */
function macWheel(): VoskWheel {
  return {
    version: "0.3.44",
    file: "vosk-0.3.44-py3-none-macosx_10_6_universal2.whl",
    sha256: "029d0b3d6a5cff874c575b8a5814a4cccfb37608cff52e846c02a8c67a882801",
    bytes: 4_710_953,
    libraries: ["libvosk.dyld"],
  };
}

function libvosk({ os, arch, glibc }: Platform): KnownAsset {
  const wheel = os === "linux" && !glibc ? undefined : voskWheels[`${os}-${arch}`];
  if (wheel === undefined) {
    const what = "libvosk";
    const platform = `${os} ${arch}${os === "linux" && !glibc ? " without glibc" : ""}`;
    const detail = "build it yourself and set vosk.library to its path, or use another engine";
    throw new VoxpoolError("platform_unsupported", { what, platform, detail });
  }
  const { version, file, sha256, bytes, libraries } = wheel;
  const take = libraries.map((library) => ({ from: `vosk/${library}`, to: library }));
  const source: Source = { kind: "wheel", project: "vosk", file, sha256, bytes, take };
  return { name: "libvosk", version, licence: "Apache-2.0", file: libraries[0], sources: [source] };
}
