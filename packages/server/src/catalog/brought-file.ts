import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { VoxpoolError } from "../base/errors.ts";

/** A file that somebody brought by hand. */
export interface BroughtFile {
  readonly path: string;
  readonly fileName: string;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly sha512: string;
}

/** No model is larger; pseudo-files say that they are. */
const mostBytes = 64_000_000_000;

/**
 * Reads a file for its hashes.
 * @throws VoxpoolError `config_invalid` if there is no file that can be read; the signal's reason
 */
export async function readBrought(path: string, signal?: AbortSignal): Promise<BroughtFile> {
  try {
    // Before it is opened: opening a pipe waits for somebody at its other end, opening a device may do things.
    refuseUnusual(path, await stat(path));
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      refuseUnusual(path, await file.stat());
      return { path, fileName: basename(path), ...(await hashesOf(file, signal)) };
    } finally {
      await file.close();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(path, error);
  }
}

async function hashesOf(file: FileHandle, signal: AbortSignal | undefined) {
  const [sha256, sha512] = [createHash("sha256"), createHash("sha512")];
  const stream = file.createReadStream({ highWaterMark: 1 << 20, autoClose: false, signal });
  for await (const chunk of stream) {
    sha256.update(chunk as Buffer);
    sha512.update(chunk as Buffer);
  }
  return { sha256: sha256.digest("hex"), sha512: sha512.digest("hex") };
}

function refuseUnusual(path: string, found: Awaited<ReturnType<typeof stat>>): void {
  if (found.isDirectory())
    throw invalid(`${path} is a folder; give the file that was brought, or put the folder below the model directory`);
  if (!found.isFile()) throw invalid(`${path} is a pipe or a device, not a file`);
  if (found.size > mostBytes) throw invalid(`${path} is larger than any model`);
}

function unreadable(path: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  if (error instanceof VoxpoolError || code === undefined) return error;
  if (code === "ENOENT" || code === "ENOTDIR") return invalid(`there is no file at ${path}`, error);
  return invalid(`${path} cannot be read (${code})`, error);
}

function invalid(detail: string, cause?: unknown): VoxpoolError {
  return new VoxpoolError("config_invalid", { source: "--from", detail }, { cause });
}
