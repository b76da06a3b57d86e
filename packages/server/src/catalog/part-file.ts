import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { diskError } from "./disk.ts";
import type { ExpectedHash } from "./locate.ts";

/** A download in progress: what is there of it, and the hash of that. */
export interface PartFile {
  /** Bytes that are there. */
  readonly bytes: number;
  /** @throws VoxpoolError `disk_full` */
  append(chunk: Uint8Array): Promise<void>;
  /** Forgets everything. */
  restart(): Promise<void>;
  /** Hexadecimal hash of what is there. */
  digest(): string;
  close(): Promise<void>;
}

/** Opens or creates the file at `path`; what is there is read once, for its hash. */
export async function openPart(path: string, algorithm: ExpectedHash["algorithm"], what: string): Promise<PartFile> {
  const file = await open(path, "a+");
  try {
    const hash = createHash(algorithm);
    return partOf(file, hash, await hashExisting(file, hash), algorithm, what);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function partOf(
  file: FileHandle,
  startHash: Hash,
  startBytes: number,
  algorithm: ExpectedHash["algorithm"],
  what: string,
): PartFile {
  let hash = startHash;
  let bytes = startBytes;
  return {
    get bytes() {
      return bytes;
    },
    append: async (chunk) => {
      try {
        await file.appendFile(chunk);
      } catch (error) {
        throw diskError(error, what);
      }
      hash.update(chunk);
      bytes += chunk.length;
    },
    restart: async () => {
      if (bytes > 0) {
        await file.truncate(0);
      }
      hash = createHash(algorithm);
      bytes = 0;
    },
    digest: () => hash.copy().digest("hex"),
    close: () => file.close(),
  };
}

async function hashExisting(file: FileHandle, hash: Hash): Promise<number> {
  const buffer = Buffer.alloc(1 << 18);
  const { size } = await file.stat();
  let position = 0;
  while (position < size) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) {
      break;
    }
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  return position;
}
