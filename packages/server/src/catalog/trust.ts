import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
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
      try {
        // Whoever comes second compares with what the first one wrote.
        await writeFile(join(directory, fileNameOf(file.identity)), `${file.sha256}\n`, { flag: "wx", flush: true });
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
          throw error;
        }
        await check(file);
      }
    },
  };
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
