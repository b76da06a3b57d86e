import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { VoxpoolError } from "../base/errors.ts";

/** `disk_full` for what says so; everything else as it is. */
export function diskError(error: unknown, what: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT" ? new VoxpoolError("disk_full", { what }, { cause: error }) : error;
}

/** Bytes that are wanted in a directory. */
export interface SpaceWish {
  readonly directory: string;
  readonly bytes: number;
}

/** Free bytes for this user, and the disk that they are on; a seam for tests. */
export type FreeSpace = (directory: string) => Promise<{ readonly disk: number; readonly freeBytes: number }>;

/** What is kept free beside what is asked for. */
const reserveBytes = 32_000_000;

/**
 * Refuses work for which there is no room; wishes on the same disk add up.
 * @throws VoxpoolError `disk_space_short`
 */
export async function checkSpace(
  name: string,
  wishes: readonly SpaceWish[],
  freeSpace: FreeSpace = freeSpaceOf,
): Promise<void> {
  const disks = new Map<number, { needed: number; freeBytes: number; directory: string }>();
  for (const { directory, bytes } of wishes) {
    const { disk, freeBytes } = await freeSpace(directory);
    const before = disks.get(disk)?.needed ?? reserveBytes;
    disks.set(disk, { needed: before + bytes, freeBytes, directory });
  }
  for (const { needed, freeBytes, directory } of disks.values()) {
    if (needed > freeBytes) {
      const [needed_mb, free_mb, missing_mb] = [needed, freeBytes, needed - freeBytes].map(megabytes);
      throw new VoxpoolError("disk_space_short", {
        name,
        directory,
        needed_mb: needed_mb ?? 0,
        free_mb: free_mb ?? 0,
        missing_mb: missing_mb ?? 0,
      });
    }
  }
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1_000_000);

/** Of the nearest folder above that is there. */
async function freeSpaceOf(directory: string): ReturnType<FreeSpace> {
  try {
    const [{ dev }, { bavail, bsize, blocks }] = await Promise.all([stat(directory), statfs(directory)]);
    // Some network disks do not say how large they are.
    return { disk: dev, freeBytes: blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize };
  } catch (error) {
    const above = dirname(directory);
    if (above === directory) throw error;
    return freeSpaceOf(above);
  }
}
