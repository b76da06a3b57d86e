import { copyFile, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { VoxpoolError } from "../base/errors.ts";
import { makeFolder } from "../base/folders.ts";
import type { Log } from "../base/log.ts";
import { claimPart, releasePart } from "./claims.ts";
import { checkSpace, type FreeSpace } from "./disk.ts";
import type { Endpoints } from "./endpoints.ts";
import { extract } from "./extract/extract.ts";
import { allFailed, rememberFailure } from "./failures.ts";
import { fetchFile } from "./fetch-file.ts";
import { failed, type Http, withoutSecrets } from "./http.ts";
import { type Attempt, attemptsFor, attemptsForFile, isAbsent, type Located } from "./locate.ts";
import { type PullEvent, reporter } from "./reporter.ts";
import { inOwnFolder } from "./source-folder.ts";
import {
  describePlace,
  describeSource,
  fileNameAt,
  keyOf,
  type Place,
  type Source,
  type SourceFile,
} from "./sources.ts";
import { identityOf, type Trust } from "./trust.ts";

export type { PullEvent } from "./reporter.ts";

export interface Download {
  readonly name: string;
  readonly endpoints: Endpoints;
  /** Where unfinished archives are kept. */
  readonly partDirectory: string;
  readonly onProgress: (event: PullEvent) => void;
  readonly signal: AbortSignal | undefined;
  readonly log: Log;
  readonly http: Http;
  readonly trust: Trust;
  readonly freeSpace?: FreeSpace | undefined;
}

/** One thing to fetch, wherever it comes from. */
interface Wanted {
  /** One line that says what it is, without the user's own endpoints. */
  readonly description: string;
  /** What is the same file, also through mirrors: by this it is resumed and, without a published hash, believed. */
  readonly identity: string;
  /** What it is a copy of. */
  readonly original?: string | undefined;
  readonly attempts: readonly Attempt[];
  /** Where the files go in the end. */
  readonly directory: string;
  /** Bytes beside those of the file itself that it takes in the end. */
  readonly unpackedBytes: (archiveBytes: number) => number;
  /** Takes what was fetched, and what frees it again for a later attempt. */
  readonly use: (fetched: Fetched) => Promise<void>;
}

/** What was fetched, verified and, where nobody published its hash, compared with the first time. */
interface Fetched {
  readonly path: string;
  readonly located: Located;
  /** Leaves it to whoever asks for it next. */
  readonly release: () => Promise<void>;
}

/**
 * Gets the wanted files of the first source that works into `directory`.
 * @returns one line that says what they came from, with the hash of the archive
 * @throws VoxpoolError `download_failed`, `download_corrupt` of the only source, `download_sources_failed` of
 * several; `disk_full`, `disk_space_short`, `download_changed`
 */
export async function downloadPart(sources: readonly Source[], directory: string, download: Download): Promise<string> {
  const failures: VoxpoolError[] = [];
  for (const [index, source] of sources.entries()) {
    const isLast = index === sources.length - 1;
    try {
      const original = source.kind === "archive" ? originalOf(source.at, sources) : undefined;
      return await inOwnFolder(directory, (own) => fromSource({ source, original }, own, isLast, download, failures));
    } catch (error) {
      rememberFailure(error, isLast ? undefined : shownSource(source), download, failures);
    }
  }
  throw allFailed(failures, download.name);
}

/** The first place of a part that has an archive of that name: the others have copies of it. */
function originalOf(at: Place, sources: readonly Source[]): string | undefined {
  const archives = sources.flatMap((source) => (source.kind === "archive" ? [source.at] : []));
  const first = archives.find((place) => fileNameAt(place) === fileNameAt(at));
  return first === undefined || first === at ? undefined : identityOf(first);
}

interface FromSource {
  readonly source: Source;
  readonly original: string | undefined;
}

/** @throws what the last place ended with; those before are added to `failures` */
async function fromSource(
  { source, original }: FromSource,
  directory: string,
  isLast: boolean,
  download: Download,
  failures: VoxpoolError[],
): Promise<string> {
  if (source.kind !== "files") {
    return fromAttempts({ ...archiveOf(source, directory, download), original }, isLast, download, failures);
  }
  const held = new Map<SourceFile, Fetched>();
  const lines: string[] = [];
  try {
    for (const file of source.files) {
      // By the file, not one after the other: what a first place gave may turn out to be of no use.
      const use = async (fetched: Fetched) => void held.set(file, fetched);
      lines.push(await fromAttempts({ ...fileOf(file, directory, download), use }, isLast, download, failures));
    }
    for (const [file, { path }] of held) await moveFile(path, join(directory, file.to));
  } catch (error) {
    // The next pull finds those that came.
    await Promise.all([...held.values()].map((fetched) => fetched.release()));
    throw error;
  }
  return lines.join(" ");
}

function archiveOf(source: Exclude<Source, { kind: "files" }>, directory: string, download: Download): Wanted {
  const { name, signal, endpoints } = download;
  return {
    description: describeSource(source),
    identity: source.kind === "archive" ? identityOf(source.at) : describeSource(source),
    attempts: attemptsFor(source, endpoints),
    directory,
    // What is packed is at least as large once it is unpacked.
    unpackedBytes: (archiveBytes) => source.unpackedBytes ?? archiveBytes,
    use: async ({ path, located }) => {
      await unpack({ archive: path, take: source.take, directory, name, signal }, located);
      await rm(path, { force: true });
    },
  };
}

function fileOf(file: SourceFile, directory: string, download: Download): Omit<Wanted, "use"> {
  return {
    description: describePlace(file.at),
    identity: identityOf(file.at),
    attempts: attemptsForFile(file, download.endpoints),
    directory,
    unpackedBytes: () => 0,
  };
}

async function fromAttempts(
  wanted: Wanted,
  isLast: boolean,
  download: Download,
  failures: VoxpoolError[],
): Promise<string> {
  const { name, http, onProgress } = download;
  onProgress({ name, file: wanted.description, receivedBytes: 0, phase: "connect" });
  for (const [index, attempt] of wanted.attempts.entries()) {
    const hasNext = index < wanted.attempts.length - 1;
    try {
      return await fromPlace(attempt, wanted, { ...download, http: hasNext || !isLast ? http.impatient() : http });
    } catch (error) {
      if (!hasNext) {
        throw error;
      }
      rememberFailure(error, withoutSecrets(attempt.target), download, failures);
    }
  }
  throw new Error("a source without a place");
}

async function fromPlace(attempt: Attempt, wanted: Wanted, download: Download): Promise<string> {
  let last: unknown;
  for await (const located of attempt.addresses(download.http)) {
    try {
      return await fromAddress(located, wanted, download);
    } catch (error) {
      if (!isAbsent(error)) {
        throw error;
      }
      last = error; // This registry keeps it elsewhere; the next address is what it says itself.
    }
  }
  throw last;
}

async function fromAddress(located: Located, wanted: Wanted, download: Download): Promise<string> {
  const { name, signal, http, partDirectory, trust } = download;
  const key = keyOf(wanted.identity);
  await makeFolder(partDirectory);
  const path = await claimPart(partDirectory, key);
  const report = reporter(wanted.description, download);
  const release = () => releasePart(partDirectory, key, path);
  try {
    const onSize = sizeCheck(wanted, download);
    const sha256 = await fetchFile({ located, path, name, signal, onBytes: report.onBytes, onSize }, http);
    const { identity, original } = wanted;
    const unpinned = { identity, original, name, shown: withoutSecrets(located.url), sha256 };
    if (located.hash === undefined) {
      await dropChanged(path, () => trust.check(unpinned));
    }
    report.unpacking();
    await wanted.use({ path, located, release });
    if (located.hash === undefined) {
      await trust.remember(unpinned);
    }
    report.done();
    return `${wanted.description} ${located.hash?.algorithm ?? "sha256"}:${sha256}`;
  } catch (error) {
    await release();
    throw error;
  }
}

/** Other bytes than those of the first time are of no use to anybody. */
async function dropChanged(path: string, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Before the first byte: room for the rest of the file, and for what it unpacks to. */
function sizeCheck(wanted: Wanted, { name, partDirectory, freeSpace }: Download) {
  return (totalBytes: number, presentBytes: number): Promise<void> =>
    checkSpace(
      name,
      [
        { directory: partDirectory, bytes: Math.max(0, totalBytes - presentBytes) },
        { directory: wanted.directory, bytes: wanted.unpackedBytes(totalBytes) },
      ],
      freeSpace,
    );
}

async function unpack(task: Parameters<typeof extract>[0], located: Located): Promise<void> {
  const { archive, name, signal } = task;
  try {
    await extract(task);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof VoxpoolError) {
      throw error;
    }
    await rm(archive, { force: true });
    const detail = `the archive cannot be read (${error instanceof Error ? error.message : ""})`;
    throw failed(located.url, detail, name, error);
  }
}

/** Also across disks. */
async function moveFile(from: string, to: string): Promise<void> {
  await makeFolder(dirname(to));
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EXDEV")) {
      throw error;
    }
    await copyFile(from, to);
    await rm(from, { force: true });
  }
  const file = await open(to, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function shownSource(source: Source): string {
  return source.kind === "archive" && "url" in source.at ? withoutSecrets(source.at.url) : describeSource(source);
}

/** The folder for unfinished archives in a state directory. */
export function partDirectoryOf(stateDir: string): string {
  return join(stateDir, "downloads");
}
