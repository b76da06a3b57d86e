import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VoxpoolError } from "../base/errors.ts";
import { withoutSecrets } from "./http.ts";
import { keyOf } from "./sources.ts";

/** A file whose hash nobody published. */
export interface Unpinned {
  /** What is the same file, wherever it comes from. */
  readonly key: string;
  /** What it is for, in messages. */
  readonly name: string;
  readonly url: string;
  /** Hexadecimal SHA-256 of what came. */
  readonly sha256: string;
}

/** The hashes of files that were fetched once: trust on first use. One file each, so that two processes agree. */
export interface Trust {
  /** @throws VoxpoolError `download_changed` if other bytes came before under this key */
  check(file: Unpinned): Promise<void>;
  /** Writes the hash down, once the file has proved to be what was wanted. @throws as `check` */
  remember(file: Unpinned): Promise<void>;
}

export function createTrust(stateDir: string): Trust {
  const directory = join(stateDir, "hashes");
  const pathOf = ({ key }: Unpinned) => join(directory, `${keyOf(key)}.sha256`);
  const check = async (file: Unpinned): Promise<void> => {
    const path = pathOf(file);
    const known = (await readFile(path, "utf8").catch(() => "")).trim();
    if (/^[0-9a-f]{64}$/.test(known) && known !== file.sha256) {
      const { name, url, sha256: actual } = file;
      throw new VoxpoolError("download_changed", { name, url: withoutSecrets(url), actual, expected: known, path });
    }
  };
  return {
    check,
    remember: async (file) => {
      await check(file);
      await mkdir(directory, { recursive: true });
      try {
        // Whoever comes second compares with what the first one wrote.
        await writeFile(pathOf(file), `${file.sha256}\n`, { flag: "wx", flush: true });
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
          throw error;
        }
        await check(file);
      }
    },
  };
}
