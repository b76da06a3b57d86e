import type { TLocalizedValidationError } from "typebox/error";

/** What is wrong with which field; fields within fields as `outer.inner`. */
export interface WrongField {
  readonly option: string;
  readonly detail: string;
}

/**
 * An error of a schema in words.
 * @param place the names that lead to what was checked, where it is a part of something
 */
export function wrongField(error: TLocalizedValidationError, place: readonly string[] = []): WrongField {
  const missing = error.keyword === "required" ? error.params.requiredProperties[0] : undefined;
  const names = error.instancePath.split("/").slice(1).map(unescapePointer);
  const option = [...place, ...names, ...(missing === undefined ? [] : [missing])].join(".");
  return { option: option.slice(0, 200), detail: missing === undefined ? error.message : "it is missing" };
}

/** A name as it stands in a JSON pointer (RFC 6901). */
const unescapePointer = (name: string): string => name.replaceAll("~1", "/").replaceAll("~0", "~");
