import { viewOf } from "../byte-view.ts";

/** The head of an element of Matroska: RFC 8794, 5 and 6. */
export interface Element {
  readonly id: number;
  /** Size of what follows the head; undefined where the writer did not know. */
  readonly size: number | undefined;
  readonly headBytes: number;
}

/** The head at `at`; `short` when more bytes are needed, `damaged` when it is none. */
export function readElement(bytes: Uint8Array, at: number): Element | "short" | "damaged" {
  const idBytes = Math.clz32((bytes[at] ?? 0) << 24) + 1;
  if (at >= bytes.length) return "short";
  if (idBytes > 4) return "damaged";
  if (bytes.length < at + idBytes + 1) return "short";
  let id = 0;
  for (let n = 0; n < idBytes; n++) id = id * 256 + (bytes[at + n] as number);
  const size = readSize(bytes, at + idBytes);
  if (size === undefined) return (bytes[at + idBytes] as number) === 0 ? "damaged" : "short";
  const isOpen = size.value === 2 ** (7 * size.bytes) - 1;
  return { id, size: isOpen ? undefined : size.value, headBytes: idBytes + size.bytes };
}

/** A number of one to eight bytes, which tells its length by its first bits. */
export function readSize(bytes: Uint8Array, at: number): { value: number; bytes: number } | undefined {
  const first = bytes[at] ?? 0;
  const length = Math.clz32(first << 24) + 1;
  if (length > 8 || bytes.length < at + length) return undefined;
  let value = first & (0xff >> length);
  for (let n = 1; n < length; n++) value = value * 256 + (bytes[at + n] as number);
  return { value, bytes: length };
}

/** The elements inside an element, as far as they are whole. */
export function* childrenOf(bytes: Uint8Array): Generator<{ id: number; body: Uint8Array }> {
  for (let at = 0; at < bytes.length; ) {
    const element = readElement(bytes, at);
    if (typeof element === "string" || element.size === undefined) return;
    const from = at + element.headBytes;
    at = from + element.size;
    if (at > bytes.length) return;
    yield { id: element.id, body: bytes.subarray(from, at) };
  }
}

export function unsigned(body: Uint8Array): number {
  return body.reduce((value, byte) => value * 256 + byte, 0);
}

export function float(body: Uint8Array): number {
  const view = viewOf(body);
  return body.length === 4 ? view.getFloat32(0) : body.length === 8 ? view.getFloat64(0) : 0;
}
