import { VoxpoolError } from "../../base/errors.ts";
import type { FieldKind } from "../recording-form.ts";
import { isMisspelt, unknownOption } from "../unknown-option.ts";

/** The fields of a form by name, each with its values in the order in which they came. */
export type Fields = ReadonlyMap<string, readonly string[]>;

const read: ReadonlySet<string> = new Set([
  "model",
  "language",
  "languages",
  "response_format",
  "timestamp_granularities",
  "include",
  "stream",
  "chunking_strategy",
]);

/** Of these it matters only that they came: nothing here makes use of them. */
const hints: ReadonlySet<string> = new Set([
  "prompt",
  "temperature",
  "keywords",
  "known_speaker_names",
  "known_speaker_references",
]);

/** What becomes of a part of the form; lists and objects come as `name[]`, `name[0]` and `name[key]`. */
export const kindOfField: FieldKind = (name) => {
  const plain = plainName(name);
  if (read.has(plain)) return "value";
  return hints.has(plain) ? "name" : "strange";
};

/** Names that are no field, but nearly one, are most likely meant to be it. @throws VoxpoolError `option_unknown` */
export function refuseMisspelt(strange: readonly string[]): void {
  const known = [...read, ...hints];
  const misspelt = strange.find((name) => isMisspelt(plainName(name), known));
  if (misspelt !== undefined) throw unknownOption(plainName(misspelt), known);
}

/** The hints among the fields. */
export function hintsIn(fields: Fields): readonly string[] {
  return [...new Set(Array.from(fields.keys(), plainName).filter((name) => hints.has(name)))];
}

/** `timestamp_granularities[]` is `timestamp_granularities`. */
export function plainName(name: string): string {
  return name.replace(/\[[^\]]*\]$/, "");
}

/** The value of a field that has one; undefined if it did not come, or is empty. @throws VoxpoolError `option_invalid` */
export function oneValue(fields: Fields, name: string): string | undefined {
  const values = (fields.get(name) ?? []).filter((value) => value !== "");
  if (values.length > 1) throw invalid(name, "it is given more than once");
  return values[0];
}

/** The values of a list, however it was written: `name[]`, `name[0]`, `name` several times, or as JSON. */
export function listOf(fields: Fields, name: string): readonly string[] {
  const given = Array.from(fields)
    .filter(([field]) => plainName(field) === name && /^(\[\d*\])?$/.test(field.slice(name.length)))
    .flatMap(([, values]) => values);
  return given
    .flatMap((value) => (value.trimStart().startsWith("[") ? jsonList(name, value) : [value]))
    .filter(Boolean);
}

/** @throws VoxpoolError `option_invalid` */
export function flagOf(fields: Fields, name: string): boolean {
  const value = oneValue(fields, name)?.toLowerCase();
  if (value === undefined || value === "false" || value === "0") return false;
  if (value === "true" || value === "1") return true;
  throw invalid(name, `${shown(value)} is not one of true, false, 1, 0`);
}

/** @throws VoxpoolError `option_invalid` */
export function choiceOf<T extends string>(name: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw invalid(name, `${shown(value)} is not one of ${choices.join(", ")}`);
}

export function invalid(option: string, detail: string): VoxpoolError {
  return new VoxpoolError("option_invalid", { option, detail });
}

function jsonList(name: string, text: string): readonly string[] {
  const value = parsed(name, text);
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw invalid(name, "it is no list of texts");
}

/** The JSON of a field's value, which is small. @throws VoxpoolError `option_invalid` */
export function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(name, "it is no JSON");
  }
}

const shown = (value: string): string => JSON.stringify(value.slice(0, 50));
