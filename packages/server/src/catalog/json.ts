/** The value of a JSON text; `undefined` if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What stands at these keys of something that nobody has checked. */
export function valueAt(value: unknown, ...keys: readonly string[]): unknown {
  let at: unknown = value;
  for (const key of keys) {
    at = typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
  }
  return at;
}

export function stringAt(value: unknown, ...keys: readonly string[]): string | undefined {
  const at = valueAt(value, ...keys);
  return typeof at === "string" ? at : undefined;
}
