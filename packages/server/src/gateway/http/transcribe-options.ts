import { TranscribeHints, TranscribeOptions } from "@voxpool/client/contract";
import type { TSchema } from "typebox";
import { VoxpoolError } from "../../base/errors.ts";

/** Options as they arrive: a value is a string, or several where it was given more than once. */
export type RawOptions = Readonly<Record<string, unknown>>;

/**
 * The options of a transcription out of the query and the form's fields; a field goes before a query parameter of
 * the same name.
 * @throws VoxpoolError `option_invalid`
 */
export function transcribeOptions(query: RawOptions, fields: RawOptions): TranscribeOptions {
  const options: Record<string, string | boolean> = {};
  for (const [name, schema] of Object.entries(TranscribeOptions.properties)) {
    const value = Object.hasOwn(fields, name) ? fields[name] : query[name];
    if (value !== undefined) options[name] = optionValue(name, schema, value);
  }
  const { stream, response_format: format = "json" } = options;
  if (stream === true && format !== "json" && format !== "verbose_json") {
    throw invalid("stream", "goes with response_format json and verbose_json only");
  }
  return options;
}

/** Whether it is a hint of a transcription: its value does not matter, since no engine can use it. */
export function isTranscribeHint(name: string): boolean {
  return Object.hasOwn(TranscribeHints.properties, name);
}

/** The hints among what was given. */
export function hintsOf(given: RawOptions): readonly string[] {
  return Object.keys(given).filter(isTranscribeHint);
}

/** All that a request for a transcription may say. */
export const transcribeOptionNames: readonly string[] = [
  ...Object.keys(TranscribeOptions.properties),
  ...Object.keys(TranscribeHints.properties),
];

function optionValue(name: string, schema: TSchema, value: unknown): string | boolean {
  if (typeof value !== "string") throw invalid(name, "it is given more than once");
  if (value === "") throw invalid(name, "it is empty; leave it out or give it a value");
  if ("type" in schema && schema.type === "boolean") return booleanValue(name, value);
  const allowed = allowedValues(schema);
  if (allowed !== undefined && !allowed.includes(value)) {
    throw invalid(name, `${JSON.stringify(value.slice(0, 50))} is not one of ${allowed.join(", ")}`);
  }
  const longest = "maxLength" in schema ? Number(schema.maxLength) : Number.POSITIVE_INFINITY;
  if (value.length > longest) throw invalid(name, `it is longer than ${longest} characters`);
  return value;
}

function booleanValue(name: string, value: string): boolean {
  const lower = value.toLowerCase();
  if (lower === "true" || lower === "1") return true;
  if (lower === "false" || lower === "0") return false;
  throw invalid(name, `${JSON.stringify(value.slice(0, 50))} is not one of true, false, 1, 0`);
}

function allowedValues(schema: TSchema): readonly string[] | undefined {
  if (!("anyOf" in schema) || !Array.isArray(schema.anyOf)) return undefined;
  const values = schema.anyOf.map((member: { const?: unknown }) => member.const);
  return values.every((value) => value !== undefined) ? values.map(String) : undefined;
}

function invalid(option: string, detail: string): VoxpoolError {
  return new VoxpoolError("option_invalid", { option, detail });
}
