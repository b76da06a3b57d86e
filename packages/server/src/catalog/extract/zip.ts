import { type Entry, openPromise } from "yauzl";
import { type ExtractLimits, tooMuch } from "./limits.ts";
import type { Writer } from "./writer.ts";

export interface ZipTask {
  readonly archive: string;
  readonly limits: ExtractLimits;
  /** Most bytes that it may unpack to, wanted or not. */
  readonly roomBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** Takes the wanted regular files out of a zip archive; links are passed over. All is checked before any is written. */
export async function extractZip({ archive, limits, roomBytes, signal }: ZipTask, writer: Writer): Promise<void> {
  const zip = await openPromise(archive, { autoClose: false, validateEntrySizes: true, strictFileNames: true });
  try {
    const entries: Entry[] = [];
    let room = roomBytes;
    for await (const entry of zip.eachEntry()) {
      signal?.throwIfAborted();
      room -= entry.uncompressedSize;
      if (room < 0 || entries.length >= limits.entries) {
        throw tooMuch();
      }
      entries.push(entry);
    }
    refuseOverlaps(entries);
    for (const entry of entries) {
      const destination = isRegular(entry) ? writer.destination(entry.fileName) : undefined;
      if (destination !== undefined) {
        const content = await zip.openReadStreamPromise(entry);
        // A damaged entry can fail before it is read; without a listener that would end the process.
        content.on("error", () => undefined);
        try {
          await writer.write(destination, entry.uncompressedSize, content);
        } finally {
          content.destroy(); // One that was never read keeps the archive open.
        }
      }
    }
  } finally {
    zip.close();
  }
}

/** Bombs let thousands of entries share the same bytes. */
function refuseOverlaps(entries: readonly Entry[]): void {
  const inOrder = entries.toSorted((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  let free = 0;
  for (const { relativeOffsetOfLocalHeader: start, compressedSize, fileNameLength } of inOrder) {
    if (start < free) {
      throw new Error("entries in it overlap");
    }
    free = start + 30 + fileNameLength + compressedSize; // A local header is at least so long.
  }
}

/** The upper half are the Unix mode bits, where the archiver wrote any. */
function isRegular({ externalFileAttributes, fileName }: Entry): boolean {
  const kind = (externalFileAttributes >>> 16) & 0o170000;
  return (kind === 0 || kind === 0o100000) && !fileName.endsWith("/");
}
