import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { systemText } from "../../base/system-text.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { shownName } from "../format.ts";
import { findMatches, isPattern } from "./pattern.ts";

/** A recording on the command line, or what stands there and is none. */
export interface Recording {
  /** Path from the working directory; `-` is standard input. */
  readonly source: string;
  /** For messages. */
  readonly name: string;
  /** Where below the folder or pattern that was named it lies: empty, or like `2026/may`. */
  readonly tree: string;
  /** Why there is nothing to recognise. */
  readonly problem?: string;
}

/**
 * What is taken for a recording in a folder: everything that the server reads, some of it with ffmpeg only. A file
 * that is named itself may be called as it likes.
 */
const audioExtensions: ReadonlySet<string> = new Set(
  `wav wave aif aiff aifc flac mp3 mp2 ogg oga opus
  aac m4a m4b mp4 m4v mov 3gp webm weba mka mkv`.split(/\s+/),
);

/** The same where recordings are samples without a header. */
const rawExtensions: ReadonlySet<string> = new Set(["raw", "pcm"]);

/** What else people call sound, and voxpool does not read. */
const unreadExtensions: ReadonlySet<string> = new Set(
  `wma asf wmv caf amr awb ac3 eac3 dts ape wv tta mpc spx au snd ra rm rmvb dsf dff gsm voc
  avi flv ts mts m2ts mpg mpeg vob 3g2 aax m4p`.split(/\s+/),
);

/** What is looked for. */
export interface Search {
  /** Also in the folders below a folder. */
  readonly recursive: boolean;
  /** Whether recordings are samples without a header. */
  readonly raw: boolean;
  /** Told of each file that by its name holds sound, but is not taken from its folder; a path for messages. */
  readonly onLeftOut?: (name: string) => void;
}

/** `2.wav` stands before `10.wav`. The same for every user, so that a list does not change with the language. */
const order = new Intl.Collator("en", { numeric: true });

/**
 * The recordings that the arguments of a command line name: files, patterns (for shells that do not expand them),
 * folders, `-`. In the order of the arguments; what a folder or pattern holds is sorted. One that holds nothing is an
 * entry with its problem. Names that begin with a dot are passed over, as by shells.
 * @throws UsageError if `-` stands there twice
 */
export async function findRecordings(
  args: readonly string[],
  search: Search,
  context: Pick<CommandContext, "language" | "signal">,
): Promise<readonly Recording[]> {
  if (args.filter((one) => one === "-").length > 1) {
    throw new UsageError(context.language === "zh" ? "- 只能出现一次" : "- can be given only once");
  }
  const found: Recording[] = [];
  for (const argument of args) {
    context.signal.throwIfAborted();
    found.push(...(await recordingsOf(argument, search, context)));
  }
  return found;
}

async function recordingsOf(
  argument: string,
  search: Search,
  context: Pick<CommandContext, "language" | "signal">,
): Promise<readonly Recording[]> {
  if (argument === "-") return [{ source: "-", name: "stdin", tree: "" }];
  const info = await stat(argument).catch(() => undefined);
  if (info?.isDirectory() === true) return fromFolder(argument, search, context);
  if (info === undefined && isPattern(argument)) return fromPattern(argument, search, context);
  // What is not there is said when it is opened.
  return [{ source: argument, name: shownName(argument), tree: "" }];
}

async function fromPattern(
  pattern: string,
  search: Search,
  context: Pick<CommandContext, "language" | "signal">,
): Promise<readonly Recording[]> {
  const { base, matches } = await findMatches(pattern, context.signal);
  const found: Recording[] = [];
  for (const path of matches.toSorted(order.compare)) {
    if ((await stat(path).catch(() => undefined))?.isDirectory() === true) {
      if (search.recursive) found.push(...(await listFolder(path, base, search, context.signal)));
    } else {
      found.push({ source: path, name: shownName(path), tree: treeOf(path, base) });
    }
  }
  const zh = context.language === "zh";
  return found.length > 0 ? found : [missing(pattern, zh ? "没有匹配的文件" : "no file matches")];
}

async function fromFolder(
  folder: string,
  search: Search,
  { language, signal }: Pick<CommandContext, "language" | "signal">,
): Promise<readonly Recording[]> {
  const found = await listFolder(folder, folder, search, signal);
  if (found.length > 0) return found;
  const more = search.recursive
    ? ""
    : language === "zh"
      ? "；-r 也查找子文件夹"
      : "; -r also looks into the folders below";
  const nothing = language === "zh" ? "文件夹中没有录音" : "there is no recording in this folder";
  return [missing(folder, nothing + more)];
}

/** Links to folders are not followed: they could lead round in circles. */
async function listFolder(
  folder: string,
  base: string,
  search: Search,
  signal: AbortSignal,
): Promise<readonly Recording[]> {
  signal.throwIfAborted();
  const found: Recording[] = [];
  const below: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: Error) => error);
  if (entries instanceof Error) return [missing(folder, systemText(entries))];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith(".")) continue;
    if (entry.isDirectory()) below.push(path);
    else if (isAudioName(entry.name, search) && (await isRegular(path, entry)))
      found.push({ source: path, name: shownName(path), tree: treeOf(path, base) });
    else if (isLeftOut(entry.name, search)) search.onLeftOut?.(shownName(path));
  }
  const sorted = found.toSorted((a, b) => order.compare(a.source, b.source));
  if (!search.recursive) return sorted;
  for (const path of below.toSorted(order.compare)) sorted.push(...(await listFolder(path, base, search, signal)));
  return sorted;
}

/** A pipe or device that is called like a recording would be waited for without end. */
async function isRegular(path: string, entry: Dirent): Promise<boolean> {
  return entry.isSymbolicLink() ? ((await stat(path).catch(() => undefined))?.isFile() ?? false) : entry.isFile();
}

function isAudioName(name: string, { raw }: Search): boolean {
  return (raw ? rawExtensions : audioExtensions).has(endingOf(name));
}

/** Whoever asks for raw samples leaves all others out, and knows it. */
function isLeftOut(name: string, { raw }: Search): boolean {
  const ending = endingOf(name);
  return !raw && (unreadExtensions.has(ending) || rawExtensions.has(ending));
}

/** Empty for a name without a dot. */
function endingOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1).toLowerCase();
}

/** The folders between `base` and the file; none for a file that a pattern found elsewhere (`a*\/../../b`). */
function treeOf(path: string, base: string): string {
  const below = relative(base, path);
  if (below.startsWith("..")) return "";
  return below.slice(0, Math.max(0, below.length - basename(below).length - 1));
}

function missing(name: string, problem: string): Recording {
  return { source: name, name: shownName(name), tree: "", problem };
}
