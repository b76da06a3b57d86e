import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "../../base/folders.ts";
import { diskError } from "../disk.ts";
import { printable } from "../model-path.ts";
import type { Take } from "../sources.ts";
import { type ExtractLimits, tooMuch } from "./limits.ts";
import { safePath } from "./safe-path.ts";

/** Writes the wanted files of an archive, within limits. */
export interface Writer {
  /** Where the entry of that name goes; `undefined` if it is not wanted. @throws Error beyond the most entries */
  destination(entryName: string): string | undefined;
  /** @param bytes the size that the archive says. @throws Error if it is another, or if the file is there */
  write(destination: string, bytes: number, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** @throws Error if a wanted file did not come */
  finish(): void;
}

export interface WriterOptions {
  readonly take: readonly Take[];
  readonly directory: string;
  /** What it is for, in messages. */
  readonly name: string;
  readonly limits: ExtractLimits;
  readonly roomBytes: number;
  readonly signal: AbortSignal | undefined;
}

export function createWriter({ take, directory, name, limits, roomBytes, signal }: WriterOptions): Writer {
  const written = new Set<string>();
  const claimed = createClaims();
  let garbled: string | undefined;
  let room = roomBytes;
  let entries = 0;
  return {
    destination: (entryName) => {
      entries++;
      if (entries > limits.entries) {
        throw new Error(`it has more than ${limits.entries} entries`);
      }
      if (entryName.includes("\ufffd")) garbled ??= entryName;
      return destinationOf(entryName, take);
    },
    write: async (destination, bytes, content) => {
      room -= bytes;
      written.add(destination);
      if (room < 0 || written.size > limits.files) {
        throw tooMuch();
      }
      claimed.add(destination);
      try {
        await writeFile(join(directory, destination), bytes, content, signal);
      } catch (error) {
        throw diskError(error, name);
      }
    },
    finish: () => {
      const missing = take.find((one) => "to" in one && !written.has(one.to));
      if (missing === undefined && written.size > 0) return;
      if (garbled !== undefined) {
        throw new Error(`names in it are not UTF-8, such as ${printable(garbled)}; pack it again with names in UTF-8`);
      }
      throw new Error(`it has no ${missing !== undefined && "from" in missing ? missing.from : "wanted file"}`);
    },
  };
}

/** Names that were given away. On Windows and macOS some are one file, and which of them it would be hangs on the order. */
function createClaims() {
  const claimed = new Map<string, "file" | "folder">();
  return {
    /** @throws Error if another name stands for the same file, or a folder is where a file is */
    add(destination: string): void {
      const folded = destination.normalize("NFC").toLowerCase();
      const names = folded.split("/");
      for (let count = 1; count < names.length; count++) {
        const above = names.slice(0, count).join("/");
        if (claimed.get(above) === "file") throw bothOf(destination.split("/").slice(0, count).join("/"));
        claimed.set(above, "folder");
      }
      const before = claimed.get(folded);
      if (before === "folder") throw bothOf(destination);
      if (before === "file") throw new Error(`it has two files that some systems take for one: ${destination}`);
      claimed.set(folded, "file");
    },
  };
}

function bothOf(path: string): Error {
  return new Error(`it has a file and a folder of the same name: ${path}`);
}

function destinationOf(entryName: string, take: readonly Take[]): string | undefined {
  for (const one of take) {
    if ("to" in one) {
      if (one.from === entryName) return one.to;
    } else if ("all" in one) {
      return safePath(entryName.replace(/^(\.\/)+/, ""));
    } else if (entryName.replace(/^\.\//, "").startsWith(`${one.under}/`)) {
      const below = entryName.replace(/^\.\//, "").slice(one.under.length + 1);
      return one.except?.includes(below.split("/")[0] ?? "") ? undefined : safePath(below);
    }
  }
  return undefined;
}

/** Flushed to the disk, so that a finished model is whole also after the power fails. */
async function writeFile(
  path: string,
  bytes: number,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await makeFolder(dirname(path));
  const file = await open(path, "wx", 0o644);
  try {
    let left = bytes;
    for await (const chunk of content) {
      signal?.throwIfAborted();
      left -= chunk.length;
      if (left < 0) {
        break;
      }
      await file.appendFile(chunk);
    }
    if (left !== 0) {
      throw new Error("a file in it has another size than it says");
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
