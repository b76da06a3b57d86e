import { LiveOptions } from "@voxpool/client/contract";
import type { TSchema } from "typebox";
import type { LiveRequest } from "../../api/types.ts";
import { liveRequest } from "./messages.ts";

/**
 * What the parameters of a URL wish, as `start` would: then audio may come at once. Undefined if they wish nothing.
 * `lang` is the language of messages, and not of them.
 * @throws VoxpoolError `option_invalid`, `option_unknown`
 */
export function requestInQuery(query: unknown): LiveRequest | undefined {
  const given = Object.entries(query as Readonly<Record<string, unknown>>).filter(([name]) => name !== "lang");
  if (given.length === 0) return undefined;
  const properties: Readonly<Record<string, TSchema>> = LiveOptions.properties;
  return liveRequest(Object.fromEntries(given.map(([name, value]) => [name, convert(properties[name], value)])));
}

/** Text as what the schema asks for; what it cannot be stays text, so that the schema refuses it. */
function convert(schema: TSchema | undefined, value: unknown): unknown {
  const type = schema !== undefined && "type" in schema ? schema.type : undefined;
  if (type === "array") return [value].flat();
  if (typeof value !== "string") return value;
  if (type === "boolean") return { true: true, 1: true, false: false, 0: false }[value.toLowerCase()] ?? value;
  if (type === "integer" && /^\d{1,9}$/.test(value)) return Number(value);
  return value;
}
