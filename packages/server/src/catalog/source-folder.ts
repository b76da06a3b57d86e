import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/**
 * Lets a source put its files into a folder of its own and moves them into `directory` once all are there: what a
 * source that failed had unpacked is not in the way of the next one.
 */
export async function inOwnFolder<T>(directory: string, build: (own: string) => Promise<T>): Promise<T> {
  const own = join(directory, ".source");
  await rm(own, { recursive: true, force: true });
  await mkdir(own);
  try {
    const result = await build(own);
    await mergeInto(own, directory);
    return result;
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** The parts of a model may share folders. */
async function mergeInto(from: string, to: string): Promise<void> {
  const there = new Set((await readdir(to, { withFileTypes: true })).filter((e) => e.isDirectory()).map((e) => e.name));
  for (const { name } of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, name), join(to, name)];
    if (there.has(name)) await mergeInto(source, target);
    else await rename(source, target);
  }
}
