import { invalidFile } from "./invalid.ts";
import type { WindowReader } from "./reader.ts";

const headBytes = 4096;

/** What often lies where a model should be, by its first characters; the problem completes a sentence. */
const disguises: readonly { readonly begins: string; readonly problem: string }[] = [
  { begins: "version https://git-lfs", problem: "is a Git LFS pointer, not the file itself: run git lfs pull" },
  { begins: "GGUF", problem: "is a GGUF file, a model for llama.cpp or whisper.cpp" },
  { begins: "lmgg", problem: "is a ggml file, a model for whisper.cpp" },
  { begins: "PK\u0003\u0004", problem: "is a zip archive: unpack it" },
  { begins: "\u001f\u008b", problem: "is a gzip archive: unpack it" },
  { begins: "BZh9", problem: "is a bzip2 archive: unpack it" },
  { begins: "\u00fd7zXZ", problem: "is an xz archive: unpack it" },
  ...["<!doctype html", "<html", "<head", "<body", "<?xml"].map((begins) => ({
    begins,
    problem: "is a web page: the server of the download answered with a message instead of the file",
  })),
];

/**
 * Refuses files that are no part of any model: empty, zeros, a web page, a Git LFS pointer, an archive.
 * @throws VoxpoolError `model_files_invalid`
 */
export async function refuseDisguise(name: string, reader: WindowReader): Promise<void> {
  if (reader.sizeBytes === 0) throw invalidFile(name, "is empty");
  const head = (await reader.bytes(0, headBytes)).toString("latin1");
  if (/^\0+$/.test(head)) throw invalidFile(name, "holds zeros where a model begins: its download was cut off");
  const text = head.replace(/^\u00ef\u00bb\u00bf/, "").trimStart();
  const disguise = disguises.find(({ begins }) => text.slice(0, begins.length).toLowerCase() === begins.toLowerCase());
  if (disguise !== undefined) throw invalidFile(name, disguise.problem);
}
