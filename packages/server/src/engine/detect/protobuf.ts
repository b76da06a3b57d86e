import type { WindowReader } from "./reader.ts";

/** A field of a protobuf message: where its content lies in the file, and its value if it is a number. */
export interface Field {
  readonly number: number;
  readonly kind: "varint" | "fixed" | "bytes";
  readonly start: number;
  readonly end: number;
  /** Of a `varint`. */
  readonly value: number;
}

/** The bytes are no protobuf message; the message of the error completes `the file …`. */
export class ProtobufError extends Error {}

/** A tag and a length have at most ten bytes each. */
const headBytes = 20;

/** Fifty times what a Moonshine encoder has; a file made of nothing but tiny fields would keep a core for minutes. */
const maxFields = 500_000;

/**
 * The fields of the message between two positions. Contents are skipped, not read.
 * @throws ProtobufError
 */
export async function* fieldsOf(reader: WindowReader, start: number, end: number): AsyncGenerator<Field> {
  for (let position = start; position < end; ) {
    if (++reader.steps > maxFields) throw new ProtobufError("has more parts than any model");
    if (!reader.has(position, headBytes)) await reader.load(position, headBytes);
    const field = fieldAt(reader, position, end);
    yield field;
    position = field.end;
  }
}

function fieldAt(reader: WindowReader, position: number, end: number): Field {
  const tag = varint(reader, position, end);
  const number = Math.floor(tag.value / 8);
  if (number === 0) throw new ProtobufError("holds bytes that are no protobuf");
  switch (tag.value % 8) {
    case 0: {
      const { value, next } = varint(reader, tag.next, end);
      return { number, kind: "varint", start: tag.next, end: next, value };
    }
    case 1:
      return { number, kind: "fixed", start: tag.next, end: within(tag.next + 8, end), value: 0 };
    case 2: {
      const { value, next } = varint(reader, tag.next, end);
      return { number, kind: "bytes", start: next, end: within(next + value, end), value: 0 };
    }
    case 5:
      return { number, kind: "fixed", start: tag.next, end: within(tag.next + 4, end), value: 0 };
    default:
      throw new ProtobufError("holds bytes that are no protobuf");
  }
}

/** Numbers past 2^53 lose their last digits; here they only have to be too large. */
function varint(reader: WindowReader, position: number, end: number): { value: number; next: number } {
  let value = 0;
  for (let length = 0; length < 10; length++) {
    const byte = position + length < end ? reader.at(position + length) : undefined;
    if (byte === undefined) throw new ProtobufError("is cut off");
    value += (byte & 0x7f) * 2 ** (7 * length);
    if (byte < 0x80) return { value, next: position + length + 1 };
  }
  throw new ProtobufError("holds bytes that are no protobuf");
}

function within(position: number, end: number): number {
  if (position > end) throw new ProtobufError("is cut off");
  return position;
}
