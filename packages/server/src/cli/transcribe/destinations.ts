import { randomUUID } from "node:crypto";
import { lstat, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";
import { makeFolder } from "../../base/folders.ts";
import { inChinese } from "../../base/phrases.ts";
import { systemText } from "../../base/system-text.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { shownName } from "../format.ts";
import { extensionOf, type Format } from "./formats.ts";
import type { Recording } from "./recordings.ts";

/** A file that is to be written. */
export interface Output {
  readonly format: Format;
  readonly path: string;
}

/** A recording with the files that it is to become. */
export interface Planned extends Recording {
  readonly outputs: readonly Output[];
}

/**
 * The files below `directory` that recordings become, one for each format: named as the recording, in the folders that
 * it was found in. Where two would be one file, the names grow: first by the folders above, then by the ending of the
 * recording. The same recordings always get the same names, so that a run can be continued.
 * @throws UsageError if two recordings would still be one file
 */
export function planOutputs(
  recordings: readonly Recording[],
  formats: readonly Format[],
  directory: string,
  { language }: Pick<CommandContext, "language">,
): readonly Planned[] {
  const once = withoutRepetitions(recordings);
  let names: readonly string[] = once.map(({ tree, source }) => join(tree, stemOf(source)));
  names = resolveClashes(once, names, (group) => {
    const above = commonFolder(group);
    return group.map((recording) => join(relative(above, baseOf(recording)), recording.tree, stemOf(recording.source)));
  });
  names = resolveClashes(once, names, (group, present) =>
    group.map(({ source }, index) => (present[index] ?? "") + extname(source)),
  );
  for (const [first, second] of clashes(names)) {
    const [a, b] = [once[first ?? 0]?.name, once[second ?? 0]?.name];
    throw new UsageError(
      language === "zh"
        ? `${a} 与 ${b} 会写入同一个文件；请分开处理`
        : `${a} and ${b} would be one file; give them apart`,
    );
  }
  return once.map((recording, index) => ({
    ...recording,
    outputs: formats.map((format) => ({ format, path: join(directory, `${names[index]}.${extensionOf(format)}`) })),
  }));
}

/**
 * Looks whether the output may be written there, and makes its folder.
 * @throws UsageError if an output is one of the recordings, or the folder is none
 */
export async function checkOutputs(
  planned: readonly Planned[],
  directory: string,
  { language }: Pick<CommandContext, "language">,
): Promise<void> {
  const zh = language === "zh";
  try {
    await makeFolder(directory);
  } catch (error) {
    const why = systemText(error);
    throw new UsageError(
      zh ? `--output ${directory} 不能作为文件夹：${inChinese(why)}` : `--output ${directory} is no folder: ${why}`,
    );
  }
  const sources = new Map<string, string>();
  for (const { source } of planned) {
    const id = await identityOf(source);
    if (id !== undefined) sources.set(id, source);
  }
  for (const { path } of planned.flatMap(({ outputs }) => outputs)) {
    const id = await identityOf(path);
    const source = id === undefined ? undefined : sources.get(id);
    if (source === undefined) continue;
    const [target, recording] = [shownName(path), shownName(source)];
    throw new UsageError(
      zh ? `${target} 会覆盖录音 ${recording}` : `${target} would overwrite the recording ${recording}`,
    );
  }
}

/** Whether the output is there, not empty, and not older than the recording. Files come into being whole. */
export async function isDone(output: Output, source: string): Promise<boolean> {
  const [made, recording] = await Promise.all([
    stat(output.path).catch(() => undefined),
    stat(source).catch(() => undefined),
  ]);
  return made?.isFile() === true && recording !== undefined && made.size > 0 && made.mtimeMs >= recording.mtimeMs;
}

/** Writes a file whole or not at all: nobody ever sees a part of it, whatever ends this process. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path));
  // A folder or device in its place must not be replaced.
  const present = await lstat(path).catch(() => undefined);
  if (present !== undefined && !present.isFile() && !present.isSymbolicLink()) {
    throw Object.assign(new Error("EEXIST: it is no file"), { code: "EEXIST" });
  }
  // Short, whatever the name: one that may just be as long as the file system allows must not fail here.
  const part = join(dirname(path), `.voxpool-${randomUUID()}.part`);
  try {
    const file = await open(part, "w");
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** A recording that is named twice, by itself and by its folder, is one. */
function withoutRepetitions(recordings: readonly Recording[]): readonly Recording[] {
  const byPath = new Map<string, Recording>();
  for (const recording of recordings) {
    const key = recording.source === "-" ? "-" : resolve(recording.source);
    if (!byPath.has(key)) byPath.set(key, recording);
  }
  return [...byPath.values()];
}

type NewNames = (group: readonly Recording[], present: readonly string[]) => readonly string[];

function resolveClashes(
  recordings: readonly Recording[],
  names: readonly string[],
  newNames: NewNames,
): readonly string[] {
  const better = [...names];
  for (const indexes of clashes(names)) {
    const group = indexes.flatMap((index) => recordings[index] ?? []);
    const present = indexes.map((index) => names[index] ?? "");
    for (const [at, name] of newNames(group, present).entries()) better[indexes[at] ?? 0] = name;
  }
  return better;
}

/** The places of names that a file system could hold for one: without regard to case and to how accents are written. */
function clashes(names: readonly string[]): number[][] {
  const places = Map.groupBy(names.keys(), (index) => (names[index] ?? "").normalize("NFC").toLowerCase());
  return [...places.values()].filter((group) => group.length > 1);
}

function commonFolder(recordings: readonly Recording[]): string {
  const [first = "", ...others] = recordings.map(baseOf);
  let common = first;
  for (const other of others) {
    while (relative(common, other).startsWith("..") && dirname(common) !== common) common = dirname(common);
  }
  return common;
}

/** The folder that was named, or that the recording lies in: its tree begins there. */
function baseOf({ source, tree }: Recording): string {
  const levels = tree === "" ? [] : tree.split(sep);
  return resolve(dirname(source), ...levels.map(() => ".."));
}

function stemOf(source: string): string {
  return source === "-" ? "stdin" : basename(source, extname(source));
}

async function identityOf(path: string): Promise<string | undefined> {
  const info = await stat(path, { bigint: true }).catch(() => undefined);
  return info === undefined ? undefined : `${info.dev}:${info.ino}`;
}
