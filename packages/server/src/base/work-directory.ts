import { randomBytes } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "./state-lock.ts";

/** In another container a living process can have a number that is free here; its files are younger. */
const leftAfterMs = 24 * 60 * 60 * 1000;

/**
 * A path in `parent` for files of this process alone; nothing is made yet. What killed processes left there is removed
 * once nothing in it has changed for a day.
 */
export async function workDirectory(parent: string): Promise<string> {
  const names = await readdir(parent).catch(() => []);
  await Promise.all(names.map((name) => removeIfLeft(parent, name)));
  return join(parent, `${process.pid}-${randomBytes(6).toString("hex")}`);
}

async function removeIfLeft(parent: string, name: string): Promise<void> {
  const pid = /^(\d{1,10})-[0-9a-f]{12}$/.exec(name)?.[1];
  if (pid === undefined || isAlive(Number(pid))) return;
  const path = join(parent, name);
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > leftAfterMs) await rm(path, { recursive: true, force: true });
  } catch {
    // Somebody else removed it, or it belongs to another user: no reason not to start.
  }
}
