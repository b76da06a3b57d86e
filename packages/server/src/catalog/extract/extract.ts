import { open } from "node:fs/promises";
import type { Take } from "../sources.ts";
import { defaultLimits, type ExtractLimits, roomFor } from "./limits.ts";
import { extractTar } from "./tar.ts";
import { createWriter } from "./writer.ts";
import { extractZip } from "./zip.ts";

export interface ExtractTask {
  readonly archive: string;
  readonly take: readonly Take[];
  /** Where the files go; it has to be there. */
  readonly directory: string;
  /** What it is for, in messages. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<ExtractLimits>;
}

/**
 * Takes the wanted files out of an archive: zip, or tar (plain, gzip, bzip2), by its content. Only regular files are
 * written, under names that stay in the directory on every system; links, devices and all else are passed over.
 * @throws Error if the archive is damaged, unpacks to more than it may or lacks a wanted file; VoxpoolError `disk_full`
 */
export async function extract(task: ExtractTask): Promise<void> {
  const { archive, take, directory, name, signal } = task;
  const limits = { ...defaultLimits, ...task.limits };
  const { head, sizeBytes } = await look(archive);
  const roomBytes = roomFor(sizeBytes, limits);
  const writer = createWriter({ take, directory, name, limits, roomBytes, signal });
  if (head.startsWith("PK")) {
    await extractZip({ archive, limits, roomBytes, signal }, writer);
  } else {
    const packing = head.startsWith("\u001f\u008b") ? "gzip" : head.startsWith("BZh") ? "bzip2" : "none";
    await extractTar({ archive, packing, roomBytes, signal }, writer);
  }
  writer.finish();
}

async function look(path: string): Promise<{ head: string; sizeBytes: number }> {
  const file = await open(path, "r");
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return { head: buffer.toString("latin1", 0, bytesRead), sizeBytes: (await file.stat()).size };
  } finally {
    await file.close();
  }
}
