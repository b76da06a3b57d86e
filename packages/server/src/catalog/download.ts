import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { claimPart, releasePart } from "./claims.ts";
import { extract } from "./extract.ts";
import { fetchFile } from "./fetch-file.ts";
import { failed, type Http } from "./http.ts";
import { archiveKey, describeSource, type Located, locate, type Registries, type Source } from "./sources.ts";

/** How far a download is. `receivedBytes` counts for `file`; a name may have several files, one after the other. */
export interface PullEvent {
  /** What is pulled: `en/tiny`, `libvosk`. */
  readonly name: string;
  /** The archive at hand. */
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes?: number;
  readonly phase: "connect" | "download" | "unpack" | "done";
}

export interface Download {
  readonly name: string;
  readonly registries: Registries;
  /** Where unfinished archives are kept. */
  readonly partDirectory: string;
  readonly onProgress: (event: PullEvent) => void;
  readonly signal: AbortSignal | undefined;
  readonly log: Log;
  readonly http: Http;
}

/** Progress is reported each time so many bytes have come. */
const progressStepBytes = 262_144;

/**
 * Gets the wanted files of the first source that works into `directory`.
 * @returns one line that says what they came from, with the hash of the archive
 * @throws VoxpoolError `download_failed`, `download_corrupt`, `disk_full` of the last source
 */
export async function downloadPart(sources: readonly Source[], directory: string, download: Download): Promise<string> {
  let last: unknown;
  for (const source of sources) {
    try {
      return await fromSource(source, directory, download);
    } catch (error) {
      download.signal?.throwIfAborted();
      if (!(error instanceof VoxpoolError) || error.reason === "disk_full") {
        throw error;
      }
      download.log.warn({ name: download.name, source: describeSource(source), err: error }, "a source failed");
      last = error;
    }
  }
  throw last;
}

async function fromSource(source: Source, directory: string, download: Download): Promise<string> {
  const { name, http, onProgress } = download;
  onProgress({ name, file: describeSource(source), receivedBytes: 0, phase: "connect" });
  let last: unknown;
  for await (const located of locate(source, download.registries, http)) {
    try {
      return await fromAddress(located, source, directory, download);
    } catch (error) {
      if (!isAbsent(error)) {
        throw error;
      }
      last = error; // This registry keeps it elsewhere; the next address is what it says itself.
    }
  }
  throw last;
}

async function fromAddress(located: Located, source: Source, directory: string, download: Download): Promise<string> {
  const { name, signal, http, partDirectory } = download;
  const key = archiveKey(source);
  await mkdir(partDirectory, { recursive: true });
  const path = await claimPart(partDirectory, key);
  const report = reporter(describeSource(source), download);
  try {
    const digest = await fetchFile({ located, path, name, signal, onBytes: report.onBytes }, http);
    report.unpacking();
    await unpack(path, located, source, directory, download);
    await rm(path, { force: true });
    report.done();
    return `${describeSource(source)} ${located.hash?.algorithm ?? "sha256"}:${digest}`;
  } catch (error) {
    await releasePart(partDirectory, key, path);
    throw error;
  }
}

async function unpack(archive: string, located: Located, source: Source, directory: string, download: Download) {
  const { name, signal } = download;
  try {
    await extract({ archive, format: located.format, take: source.take, directory, name, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof VoxpoolError) {
      throw error;
    }
    await rm(archive, { force: true });
    throw failed(
      located.url,
      `the archive cannot be read (${error instanceof Error ? error.message : ""})`,
      name,
      error,
    );
  }
}

const absentStatuses: ReadonlySet<unknown> = new Set([403, 404, 405, 410]);

/** Whether the server says that there is no such file, which another address may have. */
function isAbsent(error: unknown): boolean {
  return error instanceof VoxpoolError && absentStatuses.has(error.details["status"]);
}

interface Reporter {
  readonly onBytes: (receivedBytes: number, totalBytes: number | undefined) => void;
  readonly unpacking: () => void;
  readonly done: () => void;
}

function reporter(file: string, { name, onProgress }: Download): Reporter {
  let shown = -1;
  let last: Omit<PullEvent, "phase"> = { name, file, receivedBytes: 0 };
  return {
    onBytes: (receivedBytes, totalBytes) => {
      last = { name, file, receivedBytes, ...(totalBytes === undefined ? {} : { totalBytes }) };
      const step = Math.floor(receivedBytes / progressStepBytes);
      if (step !== shown || receivedBytes === totalBytes) {
        shown = step;
        onProgress({ ...last, phase: "download" });
      }
    },
    unpacking: () => onProgress({ ...last, phase: "unpack" }),
    done: () => onProgress({ ...last, phase: "done" }),
  };
}

/** The folder for unfinished archives in a state directory. */
export function partDirectoryOf(stateDir: string): string {
  return join(stateDir, "downloads");
}
