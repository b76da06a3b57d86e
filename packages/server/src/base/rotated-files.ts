import { createReadStream, createWriteStream } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

/** The older files of a log, beside it: `voxpool-20260801T120000.000Z.log.gz` for `voxpool.log`. */
export interface RotatedFiles {
  /** Where the current file goes when it is put aside. */
  nameAt(wallMs: number): string;
  /**
   * Compresses what is not compressed, and removes the oldest until all of them together have at most that many bytes;
   * what a process that was killed left half done is done again. @throws of the disk
   */
  tidy(mostBytes: number): Promise<void>;
}

export function rotatedFiles(path: string): RotatedFiles {
  const directory = dirname(path);
  const extension = extname(path);
  const stem = basename(path, extension);
  const middle = /^-\d{8}T\d{6}\.\d{3}Z$/;
  let lastMs = 0;

  /** Oldest first; names of other files are left alone. */
  async function names(ending: string): Promise<readonly string[]> {
    const end = extension + ending;
    const own = (name: string) =>
      name.startsWith(stem) && name.endsWith(end) && middle.test(name.slice(stem.length, -end.length || undefined));
    return (await readdir(directory)).filter(own).toSorted();
  }

  async function compress(name: string): Promise<void> {
    const plain = join(directory, name);
    const part = `${plain}.gz.part`;
    await pipeline(createReadStream(plain), createGzip(), createWriteStream(part, { mode: 0o640 }));
    await rename(part, `${plain}.gz`);
    await rm(plain, { force: true });
  }

  async function removeOldest(mostBytes: number): Promise<void> {
    const all = [...(await names("")), ...(await names(".gz"))].toSorted();
    const sizes = await Promise.all(all.map(async (name) => (await stat(join(directory, name))).size));
    let bytes = sizes.reduce((sum, size) => sum + size, 0);
    for (const [index, name] of all.entries()) {
      if (bytes <= mostBytes) return;
      await rm(join(directory, name), { force: true });
      bytes -= sizes[index] ?? 0;
    }
  }

  return {
    nameAt(wallMs) {
      lastMs = Math.max(wallMs, lastMs + 1);
      const stamp = new Date(lastMs).toISOString().replaceAll(/[-:]/g, "");
      return join(directory, `${stem}-${stamp}${extension}`);
    },
    async tidy(mostBytes) {
      for (const name of await names(".gz.part")) await rm(join(directory, name), { force: true });
      // First: a disk that is full of old logs has no room to compress them.
      await removeOldest(mostBytes);
      for (const name of await names("")) await compress(name);
    },
  };
}
