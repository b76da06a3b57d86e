import { copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { VoxpoolError } from "../base/errors.ts";
import { makeFolder } from "../base/folders.ts";
import { readBrought } from "./brought-file.ts";
import { assignBrought, handCommand, handFiles, mostAddresses, rememberBrought } from "./by-hand.ts";
import { type Download, downloadPart } from "./download.ts";
import { extract } from "./extract/extract.ts";
import { triedLine } from "./failures.ts";
import type { Known } from "./known-models.ts";

type Parts = Known["parts"];

/**
 * Fetches all parts of something into a folder.
 * @param options `isNamed`: whether it has a name only because one was chosen for it (`--as`)
 * @returns a line for each that says what it came from
 * @throws VoxpoolError `download_by_hand` with each place that was tried, and how the files can be brought otherwise;
 * as `downloadPart`
 */
export async function fetchParts(
  parts: Parts,
  directory: string,
  download: Download,
  options: { readonly isNamed?: boolean } = {},
): Promise<string[]> {
  const lines: string[] = [];
  try {
    for (const part of parts) lines.push(await downloadPart(part, directory, download));
    return lines;
  } catch (error) {
    const hand = handFiles(parts, download.endpoints);
    throw explained(error, (tried) => {
      const { name } = download;
      const files = hand.map(({ file, addresses }) => `  ${file} (${addresses.slice(0, mostAddresses).join(" , ")})`);
      const command = handCommand(name, hand, options.isNamed);
      return new VoxpoolError("download_by_hand", { name, tried, files: files.join("\n"), command }, { cause: error });
    });
  }
}

/** A download that failed for what lies between here and its places, as another error; every other error as it is. */
export function explained(error: unknown, explain: (tried: string) => VoxpoolError): unknown {
  if (!(error instanceof VoxpoolError) || !handReasons.has(error.reason)) return error;
  return explain(String(error.details["tried"] ?? triedLine(error)));
}

const handReasons: ReadonlySet<string> = new Set(["download_failed", "download_sources_failed"]);

/**
 * Lays out files that were brought as if they had been fetched.
 * @throws VoxpoolError as `readBrought` and `assignBrought`; `model_files_invalid` for an archive that cannot be read
 */
export async function bringParts(
  parts: Parts,
  paths: readonly string[],
  directory: string,
  download: Download,
): Promise<string[]> {
  const files = await Promise.all(paths.map((path) => readBrought(path, download.signal)));
  const brought = await assignBrought(parts, files, download);
  for (const one of brought) {
    if ("file" in one) {
      await extractBrought(one.file.path, one.source.take, directory, download);
      continue;
    }
    for (const [index, { to }] of one.source.files.entries()) {
      const path = one.files[index]?.path;
      if (path !== undefined) await copyInto(join(directory, to), path);
    }
  }
  await rememberBrought(brought, download);
  return brought.map((one) =>
    ("file" in one ? [one.file] : one.files).map(({ fileName, sha256 }) => `${fileName} sha256:${sha256}`).join(" "),
  );
}

/** Unpacks an archive that was brought. @throws VoxpoolError `model_files_invalid` */
export async function extractBrought(
  archive: string,
  take: Parameters<typeof extract>[0]["take"],
  directory: string,
  { name, signal, onProgress }: Download,
): Promise<void> {
  onProgress({ name, file: archive, receivedBytes: 0, phase: "unpack" });
  try {
    await extract({ archive, take, directory, name, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof VoxpoolError) throw error;
    const detail = `the archive cannot be read (${error instanceof Error ? error.message : ""})`;
    throw new VoxpoolError("model_files_invalid", { model_path: archive, detail }, { cause: error });
  }
}

async function copyInto(target: string, source: string): Promise<void> {
  await makeFolder(dirname(target));
  await copyFile(source, target);
}
