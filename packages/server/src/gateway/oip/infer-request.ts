import { TranscribeOptions } from "@voxpool/client/contract";
import { type Static, Type } from "typebox";
import { VoxpoolError } from "../../base/errors.ts";
import { checker, Parameters } from "./json.ts";

/** What a request to infer asks for. */
export interface InferRequest {
  /** Echoed. */
  readonly id?: string;
  readonly options: InferOptions;
  /** It fails if it takes longer. */
  readonly timeoutMs?: number;
  readonly input: InferInput;
  /** Whether the text is answered as a binary tensor. */
  readonly isBinary: boolean;
}

/** The one input; without `data` it follows the JSON as a binary tensor of `bytes` bytes. */
export type InferInput =
  | { readonly kind: "samples"; readonly count: number; readonly data: Float32Array<ArrayBuffer> }
  | { readonly kind: "samples"; readonly count: number; readonly bytes: number }
  | { readonly kind: "file"; readonly data: Uint8Array }
  | { readonly kind: "file"; readonly bytes: number };

/** What may stand in the parameters of a request, as in `POST /api/transcribe`. */
export const InferOptions = Type.Pick(TranscribeOptions, [
  "language",
  "itn",
  "punctuate",
  "script",
  "channels",
  "vad",
  "client_id",
  "keep_alive",
  "failover",
]);
export type InferOptions = Static<typeof InferOptions>;

const Tensor = Type.Object({
  name: Type.String({ maxLength: 1000 }),
  shape: Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1, maxItems: 8 }),
  datatype: Type.String({ maxLength: 100 }),
  data: Type.Optional(Type.Unknown()),
  parameters: Type.Optional(Parameters),
});

const InferBody = Type.Object({
  id: Type.Optional(Type.String({ maxLength: 4096 })),
  parameters: Type.Optional(Parameters),
  inputs: Type.Array(Tensor, { minItems: 1, maxItems: 64 }),
  outputs: Type.Optional(
    Type.Array(Type.Object({ name: Type.String({ maxLength: 1000 }), parameters: Type.Optional(Parameters) }), {
      maxItems: 64,
    }),
  ),
});
type InferBody = Static<typeof InferBody>;

const checkBody = checker(InferBody);
const checkOptions = checker(Type.Object({ parameters: InferOptions }));

/**
 * A request to infer, out of its JSON.
 * @param hasTensors whether binary tensors follow the JSON
 * @throws VoxpoolError `json_invalid`, `option_invalid`, `request_invalid`
 */
export function readInferRequest(json: unknown, hasTensors: boolean): InferRequest {
  const body = checkBody(json);
  const { id, parameters = {}, inputs } = body;
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) throw invalid(`it has ${inputs.length} inputs, where one is expected`);
  const timeoutMs = timeoutOf(parameters.timeout);
  return {
    ...(id !== undefined && { id }),
    options: optionsOf(parameters),
    ...(timeoutMs !== undefined && { timeoutMs }),
    input: inputOf(input, hasTensors),
    isBinary: binaryWished(body),
  };
}

function optionsOf(parameters: Record<string, unknown>): InferOptions {
  const known = Object.entries(parameters).filter(([name]) => Object.hasOwn(InferOptions.properties, name));
  return checkOptions({ parameters: Object.fromEntries(known) }).parameters;
}

/** @param timeout microseconds; 0 is none, as in Triton */
function timeoutOf(timeout: unknown): number | undefined {
  if (timeout === undefined || timeout === 0) return undefined;
  if (typeof timeout !== "number" || !Number.isInteger(timeout) || timeout < 0) {
    throw new VoxpoolError("option_invalid", {
      option: "parameters.timeout",
      detail: "it is no whole number of microseconds",
    });
  }
  return timeout / 1000;
}

/** The parameter of the output goes before that of the request. */
function binaryWished({ parameters, outputs = [] }: InferBody): boolean {
  for (const { name, parameters: own = {} } of outputs) {
    if (name !== "text") throw invalid(`there is no output ${JSON.stringify(name.slice(0, 50))}; the output is text`);
    refuseSharedMemory(own);
    if (own.classification !== undefined) throw invalid("the output text has no classes");
    if (typeof own.binary_data === "boolean") return own.binary_data;
  }
  return parameters?.binary_data_output === true;
}

function refuseSharedMemory(parameters: Record<string, unknown>): void {
  if (parameters.shared_memory_region === undefined) return;
  throw invalid("shared memory is not supported; send and receive tensors in the bodies");
}

function inputOf(tensor: Static<typeof Tensor>, hasTensors: boolean): InferInput {
  const { datatype, shape, data, parameters = {} } = tensor;
  refuseSharedMemory(parameters);
  if (datatype !== "FP32" && datatype !== "BYTES") {
    throw invalid(
      `the datatype ${JSON.stringify(datatype.slice(0, 50))} is not supported; send FP32 samples, 16 kHz mono, or BYTES`,
    );
  }
  const count = countOf(shape);
  if (count === undefined || (datatype === "BYTES" && count !== 1)) {
    throw invalid(
      `the shape [${shape.join(", ").slice(0, 50)}] is not supported; it is [n] or [1, n] of FP32, [1] or [1, 1] of BYTES`,
    );
  }
  const bytes = parameters.binary_data_size;
  if (bytes === undefined) return datatype === "FP32" ? samplesIn(data, count) : fileIn(data);
  if (data !== undefined) throw invalid("its input has both data and binary_data_size");
  if (!hasTensors) throw invalid("binary_data_size needs the header Inference-Header-Content-Length");
  return {
    ...(datatype === "FP32" ? { kind: "samples", count } : { kind: "file" }),
    bytes: sizeOf(bytes, count, datatype),
  };
}

/** Elements of a shape [n] or [1, n]. */
function countOf(shape: readonly number[]): number | undefined {
  const [count, ...outer] = shape.toReversed();
  return count !== undefined && outer.length <= 1 && outer.every((size) => size === 1) ? count : undefined;
}

function sizeOf(bytes: unknown, count: number, datatype: "FP32" | "BYTES"): number {
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 0) {
    throw new VoxpoolError("option_invalid", {
      option: "binary_data_size",
      detail: "it is no whole number of bytes",
    });
  }
  const fits = datatype === "FP32" ? bytes === count * 4 : bytes >= 4;
  if (!fits) throw invalid("binary_data_size does not fit the shape of its input");
  return bytes;
}

function samplesIn(data: unknown, count: number): InferInput {
  const elements = elementsOf(data, count);
  const samples = new Float32Array(count);
  for (let at = 0; at < count; at++) {
    const value = elements[at];
    if (typeof value !== "number") throw invalid("the data of FP32 are not all numbers");
    samples[at] = value;
  }
  return { kind: "samples", count, data: samples };
}

/** A file within JSON is written in base64. */
function fileIn(data: unknown): InferInput {
  const [text] = elementsOf(data, 1);
  if (typeof text !== "string" || !/^[\w+/-]+={0,2}$/.test(text)) {
    throw invalid("the data of BYTES are no base64; send a file as a binary tensor, or in base64");
  }
  return { kind: "file", data: Buffer.from(text, "base64") };
}

/** The elements of [n] or [1, n], as many as the shape says. */
function elementsOf(data: unknown, count: number): readonly unknown[] {
  const elements: unknown = Array.isArray(data) && data.length === 1 && Array.isArray(data[0]) ? data[0] : data;
  if (!Array.isArray(elements)) throw invalid("its input has no data, which is an array");
  if (elements.length === count) return elements as readonly unknown[];
  throw invalid(`its input has ${elements.length} elements, and its shape says ${count}`);
}

function invalid(detail: string): VoxpoolError {
  return new VoxpoolError("request_invalid", { detail });
}
