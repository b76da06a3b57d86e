import type { TLocalizedValidationError } from "typebox/error";

/** What is wrong with which field; fields within fields as `outer.inner`. */
export interface WrongField {
  readonly option: string;
  readonly detail: string;
}

/**
 * The first error of a schema in words.
 * @param place the names that lead to what was checked, where it is a part of something
 */
export function wrongField(
  [error, ...others]: readonly [TLocalizedValidationError, ...TLocalizedValidationError[]],
  place: readonly string[] = [],
): WrongField {
  const missing = error.keyword === "required" ? error.params.requiredProperties[0] : undefined;
  const names = error.instancePath.split("/").slice(1).map(unescapePointer);
  const option = [...place, ...names, ...(missing === undefined ? [] : [missing])].join(".");
  const detail = missing === undefined ? detailOf(error, others) : "it is missing";
  return { option: option.slice(0, 200), detail };
}

/** A choice has an error for each of its values. */
function detailOf(error: TLocalizedValidationError, others: readonly TLocalizedValidationError[]): string {
  if (error.keyword !== "const") return error.message;
  const same = [error, ...others].filter(({ instancePath }) => instancePath === error.instancePath);
  const values = same.flatMap((one) => (one.keyword === "const" ? [String(one.params.allowedValue)] : []));
  return `it is none of ${values.join(", ")}`;
}

/** A name as it stands in a JSON pointer (RFC 6901). */
const unescapePointer = (name: string): string => name.replaceAll("~1", "/").replaceAll("~0", "~");
