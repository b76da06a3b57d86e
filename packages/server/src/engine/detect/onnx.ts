import { refuseDisguise } from "./disguise.ts";
import { invalidFile } from "./invalid.ts";
import { type Field, fieldsOf, ProtobufError } from "./protobuf.ts";
import { type WindowReader, withReader } from "./reader.ts";

/** Field numbers of ONNX's own messages. */
const model = { irVersion: 1, graph: 7, opset: 8, metadata: 14 };
const graph = { node: 1, initializer: 5, input: 11, output: 12, valueInfo: 13 };
const entry = { key: 1, value: 2 };

/** Parts of a graph whose own outline is checked as well. */
const graphMessages: readonly number[] = [graph.node, graph.initializer, graph.input, graph.output, graph.valueInfo];

/** Longer metadata is cut: what tells families apart is short. */
const maxTextBytes = 4096;
const maxMetadataEntries = 1000;

/**
 * The metadata of an ONNX file, by key, long values cut at 4 KB. The weights are not read.
 * @param name for messages
 * @throws VoxpoolError `model_files_invalid` when it is no ONNX file, or is cut off
 */
export async function readOnnxMetadata(name: string, path: string): Promise<ReadonlyMap<string, string>> {
  return outlining(name, path, async (reader) => (await modelOutline(reader)).metadata);
}

/**
 * Walks an ONNX file down to the fields of its nodes and weights, through a window of 64 KB.
 * @returns its metadata
 * @throws VoxpoolError `model_files_invalid`
 */
export async function checkOnnx(name: string, path: string): Promise<ReadonlyMap<string, string>> {
  return outlining(name, path, async (reader) => {
    const outline = await modelOutline(reader);
    await checkGraph(reader, outline.graph);
    return outline.metadata;
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

async function checkGraph(reader: WindowReader, { start, end }: Field): Promise<void> {
  const counts = new Map<number, number>();
  for await (const field of fieldsOf(reader, start, end)) {
    counts.set(field.number, (counts.get(field.number) ?? 0) + 1);
    if (!graphMessages.includes(field.number)) continue;
    if (field.kind !== "bytes") throw new ProtobufError("has a graph of another kind");
    for await (const _ of fieldsOf(reader, field.start, field.end));
  }
  for (const [part, number] of [["nodes", graph.node] as const, ["outputs", graph.output] as const]) {
    if (!counts.has(number)) throw new ProtobufError(`has a graph without ${part}`);
  }
}
