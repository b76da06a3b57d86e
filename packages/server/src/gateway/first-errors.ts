import type { TLocalizedValidationError } from "typebox/error";

/** What checks values, as `Compile` of typebox makes it. */
interface Checker {
  Errors(value: unknown): readonly TLocalizedValidationError[];
}

/** So many values are looked at: every one that is wrong is an error of its own, and a body may hold millions. */
const mostValues = 20_000;
const mostDepth = 32;

/**
 * What is wrong with a value that does not pass, at its beginning; never empty. Where all that was looked at is right,
 * what is named is the first list, or object, that was not looked through.
 */
export function firstErrors(checker: Checker, value: unknown): readonly TLocalizedValidationError[] {
  const beginning = new Beginning();
  const errors = checker.Errors(beginning.of(value, ""));
  if (errors.length > 0 || beginning.cutAt === undefined) return errors;
  const wrong = { keyword: "type", schemaPath: "#", instancePath: beginning.cutAt, params: { type: [] } };
  return [{ ...wrong, message: "something behind its beginning is wrong" } as unknown as TLocalizedValidationError];
}

/** A copy that ends after so many values. */
class Beginning {
  cutAt: string | undefined;
  #left = mostValues;

  of(value: unknown, path: string, depth = 0): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (depth === mostDepth) {
      this.cutAt ??= path;
      return null;
    }
    if (Array.isArray(value)) {
      const items = value as readonly unknown[];
      return items
        .slice(0, this.#take(items.length, path))
        .map((item, index) => this.of(item, `${path}/${index}`, depth + 1));
    }
    const entries = Object.entries(value);
    const kept = entries.slice(0, this.#take(entries.length, path));
    return Object.fromEntries(kept.map(([name, field]) => [name, this.of(field, `${path}/${name}`, depth + 1)]));
  }

  #take(wanted: number, path: string): number {
    const taken = Math.min(wanted, this.#left);
    this.#left -= taken;
    if (taken < wanted) this.cutAt ??= path;
    return taken;
  }
}
