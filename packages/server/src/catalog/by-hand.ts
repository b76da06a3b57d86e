import { VoxpoolError } from "../base/errors.ts";
import type { BroughtFile } from "./brought-file.ts";
import { below, type Endpoints } from "./endpoints.ts";
import { withoutSecrets } from "./http.ts";
import type { Known } from "./known-models.ts";
import { addressesOf } from "./locate.ts";
import { type ArchivePart, type FilesSource, fileNameAt, type Source, type SourceFile } from "./sources.ts";
import { identityOf, type Trust } from "./trust.ts";

type Parts = Known["parts"];

/** A source whose files were brought: the archive, or its single files in the source's order. */
export type Brought =
  | { readonly source: ArchivePart; readonly file: BroughtFile }
  | { readonly source: FilesSource; readonly files: readonly BroughtFile[] };

/** What they are for, in messages, and where they could be fetched. */
export interface HandTask {
  readonly name: string;
  readonly endpoints: Endpoints;
  readonly trust: Trust;
}

/**
 * For each part the source whose files were brought: by their published hashes; where none were published by their
 * names, or by being all that is left for the one part that is left.
 * @throws VoxpoolError `pull_target_invalid` naming what is missing, `download_corrupt` if one is none of them,
 * `download_changed`
 */
export async function assignBrought(
  parts: Parts,
  files: readonly BroughtFile[],
  task: HandTask,
): Promise<readonly Brought[]> {
  const found = parts.map((part) => byHashes(part, files));
  const unused = (): readonly BroughtFile[] => {
    const used = new Set(found.flatMap((one) => (one === undefined ? [] : filesOf(one))));
    return files.filter((file) => !used.has(file));
  };
  for (const [index, part] of parts.entries()) found[index] ??= byName(part, unused());
  const open = found.flatMap((one, index) => (one === undefined ? [index] : []));
  for (const index of open.length === 1 ? open : []) found[index] = byBeingLeft(parts[index] ?? [], unused());
  const brought = found.filter((one) => one !== undefined);
  const isMissing = (_: unknown, index: number): boolean => found[index] === undefined;
  if (brought.length < parts.length) throw notThere(parts, parts.filter(isMissing), unused(), task);
  for (const one of brought) await checkFirstTime(one, task);
  return brought;
}

/** Remembers the hashes that nobody published, once the files have proved to be what was wanted. */
export async function rememberBrought(brought: readonly Brought[], { name, trust }: HandTask): Promise<void> {
  for (const unpinned of brought.flatMap((one) => unpinnedOf(one, name))) await trust.remember(unpinned);
}

async function checkFirstTime(brought: Brought, { name, trust }: HandTask): Promise<void> {
  for (const unpinned of unpinnedOf(brought, name)) await trust.check(unpinned);
}

function unpinnedOf(brought: Brought, name: string): Parameters<Trust["check"]>[0][] {
  const unpinned = ({ at }: SourceFile | Extract<ArchivePart, { kind: "archive" }>, { path, sha256 }: BroughtFile) => ({
    identity: identityOf(at),
    name,
    shown: path,
    sha256,
  });
  if ("file" in brought) {
    const { source, file } = brought;
    return source.kind === "archive" && source.sha256 === undefined ? [unpinned(source, file)] : [];
  }
  return brought.source.files.flatMap((wanted, index) => {
    const file = brought.files[index];
    return file === undefined || wanted.sha256 !== undefined ? [] : [unpinned(wanted, file)];
  });
}

const filesOf = (one: Brought): readonly BroughtFile[] => ("file" in one ? [one.file] : one.files);

function byHashes(part: Parts[number], files: readonly BroughtFile[]): Brought | undefined {
  for (const source of part) {
    if (source.kind === "files") {
      const chosen = singleFiles(source.files, files);
      if (chosen.every((file) => file !== undefined)) return { source, files: chosen };
    } else {
      const file = files.find((one) => isPublished(source, one));
      if (file !== undefined) return { source, file };
    }
  }
  return undefined;
}

/**
 * The brought one for each wanted file; undefined where none was brought, or where it cannot be told which one it is.
 * Files of one name may belong into several folders: the path tells them apart where it has those folders, and what
 * is known by its path or its name is one file only.
 */
function singleFiles(
  wanted: readonly SourceFile[],
  files: readonly BroughtFile[],
): readonly (BroughtFile | undefined)[] {
  const chosen = wanted.map(({ sha256 }) => files.find((file) => sha256 !== undefined && file.sha256 === sha256));
  const open = () => wanted.filter(({ sha256 }, index) => sha256 === undefined && chosen[index] === undefined);
  const take = (one: SourceFile, isIt: (file: BroughtFile, one: SourceFile) => boolean, others: typeof wanted) => {
    const [file, ...more] = files.filter((some) => !chosen.includes(some) && isIt(some, one));
    const isAnother = file !== undefined && others.some((other) => other !== one && isIt(file, other));
    if (more.length === 0 && !isAnother) chosen[wanted.indexOf(one)] = file;
  };
  // The longest path first: a shorter one may be its end.
  for (const one of open().toSorted((a, b) => b.to.length - a.to.length)) take(one, hasItsPath, []);
  const left = open();
  for (const one of left) take(one, hasItsName, left);
  return chosen;
}

const hasItsPath = ({ path }: BroughtFile, { to }: SourceFile): boolean =>
  `/${path.replaceAll("\\", "/")}`.endsWith(`/${to}`);
const hasItsName = ({ fileName }: BroughtFile, { at, to }: SourceFile): boolean =>
  fileName === fileNameAt(at) || fileName === to.split("/").at(-1);

function byName(part: readonly Source[], left: readonly BroughtFile[]): Brought | undefined {
  const source = unpinnedIn(part);
  const file = source && left.find(({ fileName }) => fileName === fileNameAt(source.at));
  return source && file && { source, file };
}

function byBeingLeft(part: readonly Source[], left: readonly BroughtFile[]): Brought | undefined {
  const source = unpinnedIn(part);
  const [only, ...others] = left;
  return source && only && others.length === 0 ? { source, file: only } : undefined;
}

/** An archive whose hash nobody published. */
function unpinnedIn(part: readonly Source[]): Extract<Source, { kind: "archive" }> | undefined {
  return part.filter((source) => source.kind === "archive").find(({ sha256 }) => sha256 === undefined);
}

function notThere(parts: Parts, missing: Parts, left: readonly BroughtFile[], task: HandTask): VoxpoolError {
  const single = singleIn(missing);
  const chosen = singleFiles(single, left);
  const unknown = left.filter((file) => single.every((one) => singleFiles([one], [file])[0] === undefined));
  const names = single.flatMap((one, index) => (chosen[index] === undefined ? [] : [handNameOf(one, single)]));
  const wanted = handFiles(missing, task.endpoints).filter(({ file }) => !names.includes(file));
  const wrong = unknown.find(({ fileName }) => wanted.some(({ file }) => file === fileName)) ?? unknown[0];
  if (wrong !== undefined) return corrupt(wrong, missing, task.name);
  const places = wanted.map(({ file, addresses }) => `${file} (${addresses.slice(0, mostAddresses).join(" , ")})`);
  const command = handCommand(task.name, handFiles(parts, task.endpoints));
  const detail = `${places.join(" ; ")} is missing; bring it as well and name all: ${command}`;
  return new VoxpoolError("pull_target_invalid", { what: task.name, detail });
}

const singleIn = (parts: Parts): readonly SourceFile[] =>
  parts.flat().flatMap((source) => (source.kind === "files" ? source.files : []));

function corrupt({ fileName, sha256, sha512, path }: BroughtFile, missing: Parts, name: string): VoxpoolError {
  const sources = missing.flat().filter((source) => source.kind !== "files");
  const hashes = sources.flatMap((source) => publishedHash(source) ?? []);
  const single = singleIn(missing);
  const named = single.find((file) => fileNameAt(file.at) === fileName)?.sha256 ?? single[0]?.sha256;
  const [first = { algorithm: "sha256" as const, digest: named ?? "" }] = hashes;
  return new VoxpoolError("download_corrupt", {
    name,
    url: path,
    algorithm: first.algorithm,
    actual: first.algorithm === "sha512" ? sha512 : sha256,
    expected: first.digest,
  });
}

/** A file that can be fetched elsewhere and brought. */
export interface HandFile {
  readonly file: string;
  readonly addresses: readonly string[];
}

/** The most addresses of one file that are told. */
export const mostAddresses = 3;

/** What to fetch elsewhere for some parts, and from where: their archives where there are any. */
export function handFiles(parts: Parts, endpoints: Endpoints): readonly HandFile[] {
  const all = singleIn(parts);
  return parts.flatMap((part) => {
    const archives = part.filter((source) => source.kind !== "files");
    const [first] = archives;
    if (first === undefined) {
      const [files] = part.filter((source) => source.kind === "files");
      return (files?.files ?? []).map((one) => ({
        file: handNameOf(one, all),
        addresses: shown(addressesOf(one.at, endpoints)),
      }));
    }
    const same = archives.filter((source) => handName(source) === handName(first));
    return [{ file: handName(first), addresses: shown(same.flatMap((source) => handAddresses(source, endpoints))) }];
  });
}

/** The command that takes what was brought, as it is typed. */
export function handCommand(name: string, files: readonly HandFile[], isNamed = false): string {
  const from = files.map(({ file }) => `--from ${quoted(file)}`).join(" ");
  return `voxpool pull ${isNamed ? "--as " : ""}${quoted(name)} ${from}`;
}

const quoted = (text: string): string => (/^[\w./@+-]+$/.test(text) ? text : `"${text.replaceAll('"', "")}"`);
const shown = (addresses: readonly string[]): readonly string[] => addresses.map(withoutSecrets);

/** Its name; with its folders where others have the same name. */
function handNameOf({ at, to }: SourceFile, all: readonly SourceFile[]): string {
  const name = fileNameAt(at);
  return all.filter((other) => fileNameAt(other.at) === name).length > 1 ? to : name;
}

function handName(source: ArchivePart): string {
  if (source.kind === "archive") return fileNameAt(source.at);
  return source.kind === "wheel" ? source.file : `${source.package.split("/").at(-1)}-${source.version}.tgz`;
}

function handAddresses(source: ArchivePart, endpoints: Endpoints): readonly string[] {
  if (source.kind === "archive") return addressesOf(source.at, endpoints);
  if (source.kind === "wheel") return [`https://pypi.org/project/${source.project}/`];
  return [below("https://registry.npmjs.org/", `${source.package}/-/${handName(source)}`)];
}

function isPublished(source: ArchivePart, file: BroughtFile): boolean {
  const hash = publishedHash(source);
  return hash !== undefined && file[hash.algorithm] === hash.digest;
}

function publishedHash(source: Source): { algorithm: "sha256" | "sha512"; digest: string } | undefined {
  if (source.kind === "files") return undefined;
  if (source.kind === "npm") {
    return { algorithm: "sha512", digest: Buffer.from(source.sha512, "base64").toString("hex") };
  }
  return source.sha256 === undefined ? undefined : { algorithm: "sha256", digest: source.sha256 };
}
