import { createHash, randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VoxpoolError } from "../base/errors.ts";
import { makeFolder } from "../base/folders.ts";
import { keyOf, type Place } from "./sources.ts";

/** A file whose hash nobody published. */
export interface Unpinned {
  /** Where it is published, by `identityOf`: one publisher never speaks for another. */
  readonly identity: string;
  /** Where the file is published that this is a copy of: it has to be the same, while the copy says nothing of that. */
  readonly original?: string | undefined;
  /** What it is for, in messages. */
  readonly name: string;
  /** Where these bytes are from, as it may be shown: an address without secrets, or a path. */
  readonly shown: string;
  /** Hexadecimal SHA-256 of what came. */
  readonly sha256: string;
}

/** The hashes of files that were fetched once: trust on first use. One file each, so that two processes agree. */
export interface Trust {
  /** @throws VoxpoolError `download_changed` if other bytes came before from there, or from the original */
  check(file: Unpinned): Promise<void>;
  /** Writes the hash down, once the file has proved to be what was wanted. @throws as `check` */
  remember(file: Unpinned): Promise<void>;
}

export function createTrust(stateDir: string): Trust {
  const directory = join(stateDir, "hashes");
  const check = async (file: Unpinned): Promise<void> => {
    for (const identity of [file.identity, file.original]) {
      if (identity !== undefined) await compare(join(directory, fileNameOf(identity)), file);
    }
  };
  return {
    check,
    remember: async (file) => {
      await check(file);
      await makeFolder(directory);
      // Whoever comes second compares with what the first one wrote.
      if (!(await writeOnce(join(directory, fileNameOf(file.identity)), `${file.sha256}\n`))) await check(file);
    },
  };
}

/** The same, but what is to be remembered waits until `settle`: until all proved to be usable together. */
export function withholding(trust: Trust): Trust & { readonly settle: () => Promise<void> } {
  const waiting: Unpinned[] = [];
  return {
    check: (file) => trust.check(file),
    remember: async (file) => {
      await trust.check(file);
      waiting.push(file);
    },
    settle: async () => {
      for (const file of waiting.splice(0)) await trust.remember(file);
    },
  };
}

/** Makes a file that is whole from the first moment on; false if it is there already. */
async function writeOnce(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, text, { flag: "wx", flush: true });
  try {
    // Some file systems have no links.
    await link(draft, path).catch(async (error: unknown) => {
      if (codeOf(error) === "EEXIST") throw error;
      await writeFile(path, text, { flag: "wx", flush: true });
    });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/**
 * What a file is known by: its place, the same through all mirrors of a hub or of GitHub. Of an address without the
 * user, the password and what signs it for a while; the rest of its query belongs to it.
 */
export function identityOf(place: Place): string {
  if (!("url" in place)) return `${place.hub}:${place.repo}/${place.path}@${place.revision ?? ""}`;
  const url = URL.parse(place.url);
  if (url === null) return place.url;
  const query = [...url.searchParams].filter(([name]) => !secretName.test(name)).map((pair) => pair.join("="));
  return `${url.protocol}//${url.host}${url.pathname}${query.length > 0 ? `?${query.toSorted().join("&")}` : ""}`;
}

/** Parameters with which addresses are signed, or that let somebody in. */
const secretName =
  /^(x-(amz|goog|oss|cos)-.*|.*token|signature|sig|expires|policy|password|key-pair-id|.*access_?(key_?)?id|s[eprtv]|srt|spr)$/i;

/** Readable, and never the same for two: a hash of the whole stands behind what can be written of it. */
function fileNameOf(identity: string): string {
  const readable = keyOf(identity.replace(/\?.*$/s, "")).slice(-80);
  return `${readable}.${createHash("sha256").update(identity).digest("hex").slice(0, 24)}.sha256`;
}

async function compare(path: string, { name, shown, sha256: actual }: Unpinned): Promise<void> {
  const known = (await readFile(path, "utf8").catch(() => "")).trim();
  if (/^[0-9a-f]{64}$/.test(known) && known !== actual) {
    throw new VoxpoolError("download_changed", { name, url: shown, actual, expected: known, path });
  }
}
