import { Endpointing, LiveMessage, LiveOptions } from "@voxpool/client/contract";
import type { TSchema } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import type { LiveRequest } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { firstErrors } from "../first-errors.ts";
import { unknownOption } from "../unknown-option.ts";
import { wrongField } from "../wrong-field.ts";

/** A message by its type, once its fields are known to be right. */
export type Message = Extract<LiveMessage, { type: "resume" | "finalize" | "end" }> | StartMessage;

export interface StartMessage {
  readonly type: "start";
  readonly request: LiveRequest;
}

/** What other recognisers take as hints: nothing here uses them, and the session says so. */
const hints: ReadonlySet<string> = new Set(["temperature", "prompt"]);

const options = Compile(LiveOptions);
const others = new Map(
  LiveMessage.anyOf.flatMap((schema: TSchema) => {
    const type = "properties" in schema ? (schema.properties as { type: { const: string } }).type.const : undefined;
    return type === undefined ? [] : [[type, Compile(schema)] as const];
  }),
);
const types = ["start", ...others.keys()].join(", ");

/** @throws VoxpoolError `message_invalid`, `option_invalid`, `option_unknown` */
export function parseMessage(text: string): Message {
  const value = parseObject(text);
  const { type, ...wishes } = value;
  if (type === "start") return { type, request: liveRequest(wishes) };
  const schema = typeof type === "string" ? others.get(type) : undefined;
  if (schema === undefined) throw new VoxpoolError("message_invalid", { detail: `its type is none of ${types}` });
  check(schema, value);
  return value as Message;
}

/** What a `start` wishes, wherever it stands. @throws VoxpoolError `option_invalid`, `option_unknown` */
export function liveRequest(given: Readonly<Record<string, unknown>>): LiveRequest {
  const known = Object.keys(LiveOptions.properties);
  const unknown = Object.keys(given).find((name) => !known.includes(name) && !hints.has(name));
  if (unknown !== undefined) throw unknownOption(unknown, known);
  refuseUnknownWithin(given["endpointing"]);
  const named = Object.keys(given).filter((name) => hints.has(name));
  const wished = Object.fromEntries(Object.entries(given).filter(([name]) => !hints.has(name)));
  check(options, wished);
  return { options: wished, ...(named.length > 0 && { hints: named }) };
}

/** @throws VoxpoolError `option_unknown` */
function refuseUnknownWithin(endpointing: unknown): void {
  if (typeof endpointing !== "object" || endpointing === null) return; // told by the schema
  const known = Object.keys(Endpointing.properties);
  const unknown = Object.keys(endpointing).find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownOption(unknown, known);
}

function check(schema: Validator, value: unknown): void {
  if (schema.Check(value)) return;
  const [error, ...more] = firstErrors(schema, value);
  if (error === undefined) throw new VoxpoolError("message_invalid", { detail: "it is no JSON object" });
  throw new VoxpoolError("option_invalid", { ...wrongField([error, ...more]) });
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new VoxpoolError("message_invalid", { detail: "it is no JSON object" });
}
