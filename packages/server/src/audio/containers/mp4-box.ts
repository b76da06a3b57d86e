import { viewOf } from "../byte-view.ts";

/** A box of an MP4 file (ISO 14496-12, 4.2): a name and what is in it. */
export interface Box {
  readonly name: string;
  readonly body: Uint8Array;
}

/** The boxes in some bytes, as far as they are whole; the last may be cut off. */
export function* boxesOf(bytes: Uint8Array): Generator<Box> {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const head = readBoxHead(bytes.subarray(at, at + 16));
    if (head === undefined) return;
    const end = head.size === 0 ? bytes.length : Math.min(bytes.length, at + head.size);
    yield { name: head.name, body: bytes.subarray(at + head.headBytes, end) };
    at += head.size === 0 ? bytes.length : head.size;
  }
}

export interface BoxHead {
  readonly name: string;
  /** With the head; 0: to the end of the file. */
  readonly size: number;
  readonly headBytes: 8 | 16;
}

/** Undefined where no box can begin. */
export function readBoxHead(bytes: Uint8Array): BoxHead | undefined {
  if (bytes.length < 8) return undefined;
  const view = viewOf(bytes);
  const name = Buffer.from(bytes.subarray(4, 8)).toString("latin1");
  const short = view.getUint32(0);
  if (short === 1) {
    if (bytes.length < 16) return undefined;
    const size = Number(view.getBigUint64(8));
    return size >= 16 && size < Number.MAX_SAFE_INTEGER ? { name, size, headBytes: 16 } : undefined;
  }
  return short === 0 || short >= 8 ? { name, size: short, headBytes: 8 } : undefined;
}

/** The first box at the end of a path. */
export function find(bytes: Uint8Array, ...path: readonly string[]): Uint8Array | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return bytes;
  for (const box of boxesOf(bytes)) if (box.name === name) return find(box.body, ...rest);
  return undefined;
}

/** Whether a file that begins so is MP4, M4A or QuickTime. */
export function isMp4(head: Uint8Array): boolean {
  const name = Buffer.from(head.subarray(4, 8)).toString("latin1");
  return ["ftyp", "styp", "moov", "mdat", "wide"].includes(name) && readBoxHead(head.subarray(0, 16)) !== undefined;
}
