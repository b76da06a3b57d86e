import { type Static, type TSchema, Type } from "typebox";
import { Compile } from "typebox/compile";
import { VoxpoolError } from "../../base/errors.ts";
import { firstErrors } from "../first-errors.ts";

/** Beyond these it is no request but an attempt to fill the memory. */
const most = { depth: 16, containers: 10_000, keys: 10_000 };

/**
 * The JSON of a request; nothing at all is an empty object. What nests deeper or holds more arrays, objects and keys
 * than any request needs is refused before it is parsed: a few megabytes of brackets become gigabytes.
 * @throws VoxpoolError `json_invalid`
 */
export function parseJson(bytes: Uint8Array): unknown {
  refuseBombs(bytes);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text) as unknown;
  } catch (error) {
    throw new VoxpoolError("json_invalid", { detail: "it cannot be parsed" }, { cause: error });
  }
}

/** A checker of parsed JSON; it names the first thing that is wrong as `inputs.0.datatype`. */
export function checker<T extends TSchema>(schema: T): (value: unknown) => Static<T> {
  const compiled = Compile(schema);
  return (value) => {
    if (compiled.Check(value)) return value;
    const [error] = firstErrors(compiled, value);
    const missing = error?.keyword === "required" ? error.params.requiredProperties[0] : undefined;
    const names = (error?.instancePath ?? "").split("/").slice(1);
    const option = [...names, ...(missing === undefined ? [] : [missing])].join(".");
    if (option === "") throw new VoxpoolError("json_invalid", { detail: "it is something else" });
    const detail = missing === undefined ? (error?.message ?? "") : "it is missing";
    throw new VoxpoolError("option_invalid", { option: option.slice(0, 200), detail });
  };
}

/** What requests and tensors may say beside their own fields; values of other kinds are ignored. */
export const Parameters = Type.Record(Type.String(), Type.Unknown());

const [quote, backslash, colon] = [0x22, 0x5c, 0x3a];
const isOpening = (byte: number): boolean => byte === 0x5b || byte === 0x7b;
const isClosing = (byte: number): boolean => byte === 0x5d || byte === 0x7d;

function refuseBombs(bytes: Uint8Array): void {
  let [depth, containers, keys] = [0, 0, 0];
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (inString) {
      if (byte === backslash) at++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (isOpening(byte)) {
      depth++;
      containers++;
      if (depth > most.depth || containers > most.containers) throw bomb();
    } else if (isClosing(byte)) depth--;
    else if (byte === colon) {
      keys++;
      if (keys > most.keys) throw bomb();
    }
  }
}

function bomb(): VoxpoolError {
  return new VoxpoolError("json_invalid", { detail: "it nests too deep, or holds too many arrays, objects or keys" });
}
