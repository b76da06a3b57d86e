import type { FolderFile } from "./folder.ts";
import { invalidFile } from "./invalid.ts";
import type { Layout, MetadataRule, NeededMetadata } from "./layout.ts";
import { readOnnxMetadata } from "./onnx.ts";

export type Metadata = ReadonlyMap<string, string>;

/**
 * Reads the metadata of each file once; several kinds of model ask for the same one.
 * @returns a function that throws VoxpoolError `model_files_invalid` when the file is not to be read
 */
export function metadataReader(): (file: FolderFile) => Promise<Metadata> {
  const read = new Map<string, Promise<Metadata>>();
  return (file) => {
    const known = read.get(file.name) ?? readOne(file);
    read.set(file.name, known);
    return known;
  };
}

async function readOne(file: FolderFile): Promise<Metadata> {
  if (file.problem !== undefined) throw invalidFile(file.name, file.problem);
  // The other format of ONNX Runtime is no protobuf, and the kinds that come in it have no metadata.
  return file.name.endsWith(".ort") ? new Map() : readOnnxMetadata(file.name, file.path);
}

/** Whether metadata is that of a kind of model. */
export function fitsRule(rule: MetadataRule, metadata: Metadata): boolean {
  const type = metadata.get("model_type") ?? "";
  if (rule.type !== undefined && !rule.type.test(type) && !(type === "" && rule.typeOptional === true)) return false;
  if (rule.comment !== undefined && !rule.comment.test(metadata.get("comment") ?? "")) return false;
  const has = rule.has ?? [];
  const lacks = rule.lacks ?? [];
  return has.every((key) => metadata.has(key)) && !lacks.some((key) => metadata.has(key));
}

/**
 * What is wrong with metadata that the engine reads; it would end its process.
 * @returns completes a sentence that begins with the file's name; undefined when all is well
 */
export function problemOfMetadata(
  needed: NeededMetadata,
  metadata: Metadata,
  family: Layout["family"],
): string | undefined {
  const { numbers = [], lists = [], texts = [] } = needed;
  const missing = [...texts, ...numbers, ...lists].find((key) => (metadata.get(key) ?? "") === "");
  if (missing !== undefined) return `has no ${missing} in its metadata, which ${family} needs`;
  const negative = numbers.find((key) => /^\s*-/.test(metadata.get(key) ?? ""));
  if (negative !== undefined) return `has a ${negative} in its metadata that is no whole number from 0 on`;
  // Long lists are read in part only, so that the last number may be cut off.
  const list = lists.find((key) => !/^[\s\d.,eE+-]+$/.test(metadata.get(key) ?? ""));
  return list === undefined ? undefined : `has a ${list} in its metadata that is no list of numbers`;
}
