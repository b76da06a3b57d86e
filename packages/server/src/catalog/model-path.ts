import { posix, win32 } from "node:path";
import { VoxpoolError } from "../base/errors.ts";

/** A spelling of a model path, taken apart. Nothing here touches the disk. */
export interface Spelling {
  /** Whether it starts at the root of the file system, so that it has to lead into a model directory. */
  readonly absolute: boolean;
  /** Names from the start of the path; no empty ones, no `.`, no `..`. On Windows the first may be a drive (`C:`). */
  readonly names: readonly string[];
}

/** How the platform writes paths. */
export type PathStyle = "posix" | "win32";

export const platformStyle: PathStyle = process.platform === "win32" ? "win32" : "posix";

/** Longest path, bytes of UTF-8. */
const maxPathBytes = 4096;
/** Longest name in a path, UTF-16 units; file systems have no longer ones. */
const maxNameLength = 255;
/** A model is never deeper; it bounds the look-ups that one request can cause. */
const maxNames = 64;

/**
 * All readings of what a caller sent, in the order in which they are tried: as it is written, then with its
 * percent escapes decoded once (the path may have been quoted on its way), so that a folder whose name really
 * holds a `%` is still reachable. A reading that could leave the model directories ends the whole.
 * @throws VoxpoolError `model_path_invalid`
 */
export function readSpellings(
  modelPath: string,
  modelDirs: readonly string[],
  style: PathStyle = platformStyle,
): readonly Spelling[] {
  const refuse = (detail: string): never => {
    throw invalidPath(modelPath, detail, modelDirs);
  };
  const decoded = decodeOnce(modelPath);
  const readings = decoded === undefined || decoded === modelPath ? [modelPath] : [modelPath, decoded];
  return readings.map((reading) => takeApart(reading, style, refuse));
}

/** The error for a path that is refused; hostile text is shortened and made printable. */
export function invalidPath(modelPath: string, detail: string, modelDirs: readonly string[]): VoxpoolError {
  return new VoxpoolError("model_path_invalid", {
    model_path: printable(modelPath),
    detail,
    model_dirs: modelDirs.map(printable).join(", "),
  });
}

/** Text that is safe in a log line and on a terminal: no control or direction characters, at most 120 characters. */
export function printable(text: string): string {
  const head = text.length > 200 ? text.slice(0, 200) : text;
  const shown = head.toWellFormed().replace(unprintable, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
  const characters = Array.from(shown);
  return characters.length > 120 || head !== text ? `${characters.slice(0, 120).join("")}…` : shown;
}

/** Whether a name on disk can be part of a model path at all; others are left out of lists. */
export function isNameable(name: string): boolean {
  const readings = [name, decodeOnce(name) ?? name];
  return (
    !isHiddenName(name) &&
    name.trim() !== "" &&
    name.length <= maxNameLength &&
    !/[/\\]/.test(name) &&
    readings.every((reading) => reading.search(unprintable) < 0 && reading.isWellFormed()) &&
    readings.every((reading) => !/(^|[/\\])\.\.($|[/\\])/.test(reading))
  );
}

/** Names that never stand for a model: hidden ones, and downloads that are not finished. */
export function isHiddenName(name: string): boolean {
  return name.startsWith(".") || name.toLowerCase().endsWith(".part") || name === "__MACOSX";
}

/** The names of a configured or absolute directory, to compare with those of a spelling. */
export function namesOf(directory: string, style: PathStyle = platformStyle): readonly string[] {
  const text = style === "win32" ? directory.replaceAll("\\", "/") : directory;
  return text.split("/").filter((name) => name !== "" && name !== ".");
}

/** Control, line and direction characters, and what cannot be shown. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffd]/gu;

function decodeOnce(text: string): string | undefined {
  if (!/%[0-9a-f]{2}/i.test(text)) {
    return undefined;
  }
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // No escapes after all, for example `100%25%`.
  }
}

function takeApart(text: string, style: PathStyle, refuse: (detail: string) => never): Spelling {
  if (text.trim() === "") {
    refuse("it is empty");
  }
  if (Buffer.byteLength(text) > maxPathBytes) {
    refuse(`it is longer than ${maxPathBytes} bytes`);
  }
  if (!text.isWellFormed() || /[\p{Cc}\u2028\u2029]/u.test(text)) {
    refuse("it holds control characters");
  }
  // A backslash separates on every platform: clients on Windows send it to servers that are not.
  const slashed = text.replaceAll("\\", "/");
  const names = slashed.split("/").filter((name) => name !== "" && name !== ".");
  if (names.includes("..")) {
    refuse("it holds ..");
  }
  if (names.some((name) => name.length > maxNameLength)) {
    refuse(`a name in it is longer than ${maxNameLength} characters`);
  }
  if (names.length > maxNames) {
    refuse(`it has more than ${maxNames} names`);
  }
  const hasDrive = /^[a-z]:/i.test(slashed);
  if (hasDrive && style === "posix") {
    refuse("it names a Windows drive");
  }
  if (hasDrive && !win32.isAbsolute(slashed)) {
    refuse("it is relative to a Windows drive");
  }
  return { absolute: hasDrive || posix.isAbsolute(slashed), names };
}
