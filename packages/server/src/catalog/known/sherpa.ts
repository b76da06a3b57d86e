import type { Known } from "../known-models.ts";
import type { ArchiveSource, FilesSource, SourceFile } from "../sources.ts";

type Sources = Known["parts"][number];

/** An archive of the releases of sherpa-onnx. */
export interface SherpaRelease {
  /** Its name without `.tar.bz2`, which is also the folder in it. */
  readonly archive: string;
  readonly sha256?: string;
  readonly bytes?: number;
  readonly unpackedBytes?: number;
  /** The wanted files in it; the archives often hold other number formats and test recordings as well. */
  readonly files: readonly string[];
  /** The release it belongs to. */
  readonly release?: "asr-models" | "punctuation-models";
  /** Other repositories that have the very same archive; it is compared with the same hash. */
  readonly copies?: readonly SherpaCopy[];
}

/** `modelscope`: a repository that keeps the archives as they are. */
type SherpaCopy = "modelscope";

const modelscopeRepository = "zhaochaoqun/sherpa-onnx-asr-models";

/** The archive in all places where it can be had, after the sources that need no unpacking. */
export function sherpaRelease(release: SherpaRelease, ...before: readonly FilesSource[]): Sources {
  const { archive, sha256, bytes, unpackedBytes, files, release: tag = "asr-models", copies = [] } = release;
  const file = `${archive}.tar.bz2`;
  const common = {
    kind: "archive",
    take: files.map((name) => ({ from: `${archive}/${name}`, to: name })),
    ...(sha256 !== undefined && { sha256 }),
    ...(bytes !== undefined && { bytes }),
    ...(unpackedBytes !== undefined && { unpackedBytes }),
  } as const;
  const github: ArchiveSource = {
    ...common,
    at: { url: `https://github.com/k2-fsa/sherpa-onnx/releases/download/${tag}/${file}` },
  };
  const others = copies.map(
    (hub): ArchiveSource => ({ ...common, at: { hub, repo: modelscopeRepository, path: file } }),
  );
  const [first, ...rest] = [...before, github, ...others];
  return [first ?? github, ...rest];
}

export type HubFile = Pick<SourceFile, "bytes" | "sha256"> & { readonly path: string };

/** Single files of a repository of Hugging Face, which need no unpacking. */
export function huggingFace(repo: string, files: readonly HubFile[]): FilesSource {
  return {
    kind: "files",
    files: files.map(({ path, ...known }) => ({ at: { hub: "huggingface", repo, path }, to: path, ...known })),
  };
}
