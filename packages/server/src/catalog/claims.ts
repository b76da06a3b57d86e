import { lstat, readdir, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/**
 * Who works on an unfinished file or folder is written in its name, so that two processes never share one, and
 * that what a killed process left behind is known as such without a lock that could be left behind as well.
 */
interface Claim {
  readonly host: string;
  readonly pid: number;
  readonly startedMs: number;
}

const self: Claim = {
  host:
    hostname()
      .replaceAll(/[^\w-]/g, "-")
      .slice(0, 60) || "host",
  pid: process.pid,
  startedMs: Math.round(performance.timeOrigin),
};

/** Unfinished work of another machine on a shared disk counts as left behind after this time without a change. */
const foreignIdleMs = 600_000;
/** Unfinished downloads that nobody came back for are removed after this time. */
const forgottenMs = 7 * 86_400_000;

/** The path of a new staging folder in `directory`; its name is hidden from listings. */
export function newStaging(directory: string): string {
  return join(directory, `.voxpool.${tag()}.part`);
}

/** Removes the staging folders in `directory` that killed processes left behind. */
export async function sweepStaging(directory: string): Promise<void> {
  for (const name of await namesIn(directory)) {
    if (name.startsWith(".voxpool.") && (await isAbandoned(directory, name, ".voxpool."))) {
      await rm(join(directory, name), { recursive: true, force: true });
    }
  }
}

/**
 * A path for the unfinished download `key`, this process's own. What an ended process or a failed attempt had
 * of it is taken over: the rename succeeds for one taker only.
 */
export async function claimPart(directory: string, key: string): Promise<string> {
  const own = join(directory, `${key}.${tag()}.part`);
  for (const name of await namesIn(directory)) {
    if (await isForgotten(join(directory, name))) {
      await rm(join(directory, name), { recursive: true, force: true });
    } else if (name === freeName(key) || (await isAbandoned(directory, name, `${key}.`))) {
      try {
        await rename(join(directory, name), own);
        return own;
      } catch {
        // Another process took it at the same moment.
      }
    }
  }
  return own;
}

/** Leaves an unfinished download to whoever asks for it next. */
export async function releasePart(directory: string, key: string, path: string): Promise<void> {
  await rename(path, join(directory, freeName(key))).catch(() => undefined);
}

function freeName(key: string): string {
  return `${key}.part`;
}

function tag(): string {
  return `${self.host}.${self.pid}.${self.startedMs}.${Math.random().toString(36).slice(2, 10)}`;
}

async function isAbandoned(directory: string, name: string, prefix: string): Promise<boolean> {
  const claim = /^([\w-]+)\.(\d+)\.(\d+)\.[a-z0-9]+\.part$/.exec(
    name.startsWith(prefix) ? name.slice(prefix.length) : "",
  );
  if (claim === null) {
    return false;
  }
  const [, host, pid, startedMs] = claim;
  if (host !== self.host) {
    return (await idleMs(join(directory, name))) > foreignIdleMs;
  }
  // In containers each start has the same process id: the time tells them apart.
  return Number(pid) === self.pid ? Number(startedMs) !== self.startedMs : !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function isForgotten(path: string): Promise<boolean> {
  return path.endsWith(".part") && (await idleMs(path)) > forgottenMs;
}

async function idleMs(path: string): Promise<number> {
  try {
    return Date.now() - (await lstat(path)).mtimeMs;
  } catch {
    return 0;
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []);
}
