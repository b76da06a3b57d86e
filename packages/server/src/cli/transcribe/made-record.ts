import { appendFile, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Output } from "./destinations.ts";
import type { Wishes } from "./recogniser.ts";

/**
 * What is known of a file that is there: made with the same options, with others, with others and changed by somebody
 * since, or nothing.
 */
export type Making = "same" | "other" | "changed" | "unknown";

/** With which options the files of an output folder were made, so that they are made anew with others. */
export interface MadeRecord {
  makingOf(output: Output): Promise<Making>;
  /** To be called once the file is in place. */
  note(output: Output): Promise<void>;
}

interface Entry {
  /** Path below the folder, with `/`. */
  readonly file: string;
  readonly options: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

const recordName = ".voxpool-made.jsonl";
/** A longer one is that of many hundred thousand files; what it says is then not known. */
const mostBytes = 64_000_000;

/**
 * The record of a folder, in a hidden file in it: a line for each file, the last one counts. What cannot be read of it
 * is not known, and a folder without it is as good.
 */
export async function openMadeRecord(directory: string, wishes: Wishes): Promise<MadeRecord> {
  const path = join(directory, recordName);
  const text = await readRecord(path);
  const entries = new Map<string, Entry>();
  for (const entry of text.split("\n").flatMap((line) => entryOf(line) ?? [])) entries.set(entry.file, entry);
  // A line that was cut off by the end of the process must not spoil the next one.
  let before = text === "" || text.endsWith("\n") ? "" : "\n";
  const nameOf = (output: Output) => relative(directory, output.path).replaceAll(sep, "/");
  return {
    async makingOf(output) {
      const entry = entries.get(nameOf(output));
      if (entry === undefined) return "unknown";
      if (entry.options === optionsText(wishes, output)) return "same";
      const info = await stat(output.path).catch(() => undefined);
      return info?.size === entry.bytes && info.mtimeMs === entry.modifiedMs ? "other" : "changed";
    },
    async note(output) {
      const info = await stat(output.path).catch(() => undefined);
      if (info === undefined) return;
      const { size: bytes, mtimeMs: modifiedMs } = info;
      const entry: Entry = { file: nameOf(output), options: optionsText(wishes, output), bytes, modifiedMs };
      entries.set(entry.file, entry);
      const line = `${before}${JSON.stringify(entry)}\n`;
      before = "";
      // The file itself is there: that its options are not known is no reason to fail.
      await appendFile(path, line).catch(() => undefined);
    },
  };
}

/** What changes a file, in an order that does not depend on that of the command line. */
function optionsText(wishes: Wishes, { format }: Output): string {
  const all = Object.entries({ format, ...wishes }).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(all));
}

async function readRecord(path: string): Promise<string> {
  try {
    const info = await stat(path);
    return info.isFile() && info.size <= mostBytes ? await readFile(path, "utf8") : "";
  } catch {
    return "";
  }
}

function entryOf(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const { file, options, bytes, modifiedMs } = value as Partial<Record<keyof Entry, unknown>>;
  return (
    typeof file === "string" &&
    typeof options === "string" &&
    typeof bytes === "number" &&
    typeof modifiedMs === "number"
  );
}
