import { refuseDisguise } from "./disguise.ts";
import { inspect } from "./folder.ts";
import { invalidFile } from "./invalid.ts";
import { type Field, fieldsOf, ProtobufError } from "./protobuf.ts";
import { type WindowReader, withReader } from "./reader.ts";

/** Field numbers of ONNX's own messages. */
const model = { irVersion: 1, graph: 7, opset: 8, metadata: 14 };
const graph = { node: 1, initializer: 5, input: 11, output: 12, valueInfo: 13 };
const tensor = { externalData: 13 };
const entry = { key: 1, value: 2 };

/** Parts of a graph whose own outline is checked as well. */
const graphMessages: readonly number[] = [graph.node, graph.initializer, graph.input, graph.output, graph.valueInfo];

/** Longer metadata is cut: what tells families apart is short. */
const maxTextBytes = 4096;
const maxMetadataEntries = 1000;

/** Weights have a location, an offset, a length and a checksum. */
const maxExternalEntries = 8;

/** Exports that keep each weight in a file of its own have some hundreds. */
const maxWeightFiles = 2000;
const maxShownName = 200;

/**
 * The metadata of an ONNX file, by key, long values cut at 4 KB. The weights are not read.
 * @param name for messages
 * @throws VoxpoolError `model_files_invalid` when it is no ONNX file, or is cut off
 */
export async function readOnnxMetadata(name: string, path: string): Promise<ReadonlyMap<string, string>> {
  return outlining(name, path, async (reader) => (await modelOutline(reader)).metadata);
}

/**
 * Walks an ONNX file down to the fields of its nodes and weights, through a window of 64 KB. Files that it keeps
 * weights in have to be there, and long enough.
 * @param directory of the model, absolute and real: weights lie inside it
 * @returns its metadata
 * @throws VoxpoolError `model_files_invalid`
 */
export async function checkOnnx(name: string, path: string, directory: string): Promise<ReadonlyMap<string, string>> {
  const { metadata, weightFiles } = await outlining(name, path, async (reader) => {
    const outline = await modelOutline(reader);
    return { metadata: outline.metadata, weightFiles: await checkGraph(reader, outline.graph) };
  });
  await checkWeightFiles(name, directory, weightFiles);
  return metadata;
}

/**
 * How many outputs the graph of an ONNX file has: some kinds of model have more when they give times.
 * @throws VoxpoolError `model_files_invalid`
 */
export async function countOnnxOutputs(name: string, path: string): Promise<number> {
  return outlining(name, path, async (reader) => {
    const { graph: field } = await modelOutline(reader);
    let outputs = 0;
    for await (const { number } of fieldsOf(reader, field.start, field.end)) if (number === graph.output) outputs++;
    return outputs;
  });
}

async function outlining<T>(name: string, path: string, read: (reader: WindowReader) => Promise<T>): Promise<T> {
  return withReader(name, path, async (reader) => {
    await refuseDisguise(name, reader);
    try {
      return await read(reader);
    } catch (error) {
      if (error instanceof ProtobufError) throw invalidFile(name, `is no usable ONNX file: it ${error.message}`, error);
      throw error;
    }
  });
}

async function modelOutline(reader: WindowReader) {
  const metadata = new Map<string, string>();
  const found = { irVersion: 0, opsets: 0, graph: undefined as Field | undefined };
  for await (const field of fieldsOf(reader, 0, reader.sizeBytes)) {
    if (field.number === model.irVersion) found.irVersion = field.value;
    else if (field.number === model.opset) found.opsets++;
    else if (field.number === model.graph && field.kind === "bytes") found.graph = field;
    else if (field.number === model.metadata && metadata.size < maxMetadataEntries) {
      const [key, value] = await metadataEntry(reader, field);
      metadata.set(key, value);
    }
  }
  // Nothing but field 0 ends a protobuf message early, so that random bytes can look like one.
  if (found.irVersion < 1 || found.opsets === 0) throw new ProtobufError("has no ONNX version");
  if (found.graph === undefined) throw new ProtobufError("has no graph");
  return { metadata, graph: found.graph };
}

async function metadataEntry(reader: WindowReader, field: Field): Promise<[string, string]> {
  const found = { key: "", value: "" };
  for await (const { number, kind, start, end } of fieldsOf(reader, field.start, field.end)) {
    if (kind !== "bytes" || (number !== entry.key && number !== entry.value)) continue;
    const text = (await reader.bytes(start, Math.min(end - start, maxTextBytes))).toString("utf8");
    found[number === entry.key ? "key" : "value"] = text;
  }
  return [found.key, found.value];
}

/** @returns the files that hold weights, with the bytes that each has at least */
async function checkGraph(reader: WindowReader, { start, end }: Field): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<number, number>();
  const weightFiles = new Map<string, number>();
  for await (const field of fieldsOf(reader, start, end)) {
    counts.set(field.number, (counts.get(field.number) ?? 0) + 1);
    if (!graphMessages.includes(field.number)) continue;
    if (field.kind !== "bytes") throw new ProtobufError("has a graph of another kind");
    const external = new Map<string, string>();
    for await (const part of fieldsOf(reader, field.start, field.end)) {
      if (field.number !== graph.initializer || part.number !== tensor.externalData || part.kind !== "bytes") continue;
      if (external.size < maxExternalEntries) external.set(...(await metadataEntry(reader, part)));
    }
    noteWeightFile(external, weightFiles);
  }
  for (const [part, number] of [["nodes", graph.node] as const, ["outputs", graph.output] as const]) {
    if (!counts.has(number)) throw new ProtobufError(`has a graph without ${part}`);
  }
  return weightFiles;
}

function noteWeightFile(external: ReadonlyMap<string, string>, weightFiles: Map<string, number>): void {
  const location = external.get("location");
  if (location === undefined) return;
  if (!weightFiles.has(location) && weightFiles.size === maxWeightFiles) {
    throw new ProtobufError("keeps its weights in more files than any model");
  }
  const needed = Number(external.get("offset") ?? 0) + Number(external.get("length") ?? 0);
  weightFiles.set(location, Math.max(weightFiles.get(location) ?? 0, needed));
}

async function checkWeightFiles(name: string, directory: string, weightFiles: ReadonlyMap<string, number>) {
  const folder = name.includes("/") ? name.slice(0, name.lastIndexOf("/") + 1) : "";
  for (const [location, neededBytes] of weightFiles) {
    const file = await inspect(directory, folder + location.slice(0, maxShownName));
    if (file.missing === true) throw invalidFile(file.name, `is missing, and ${name} keeps its weights in it`);
    if (file.problem !== undefined) throw invalidFile(file.name, file.problem);
    if (file.sizeBytes < neededBytes) throw invalidFile(file.name, "is cut off");
    await withReader(file.name, file.path, (reader) => refuseDisguise(file.name, reader));
  }
}
