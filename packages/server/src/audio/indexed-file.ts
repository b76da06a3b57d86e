import { open } from "node:fs/promises";
import { viewOf } from "./byte-view.ts";
import type { PacketIndex } from "./containers/packet-list.ts";

const mostReadBytes = 262_144;
/** A gap that is read through: a read costs as much as some thousand bytes. */
const mostGapBytes = 4096;

/** The packets of a file in order, each with its length in four bytes in front; reads what lies close together at once. */
export async function* packetBytes(path: string, { offsets, sizes }: PacketIndex): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    for (let from = 0; from < sizes.length; ) {
      const to = endOfRun(offsets, sizes, from);
      const start = offsets[from] as number;
      const bytes = (offsets[to - 1] as number) + (sizes[to - 1] as number) - start;
      const { buffer, bytesRead } = await file.read(new Uint8Array(bytes), 0, bytes, start);
      if (bytesRead < bytes) throw new Error("the spooled file is shorter than it was");
      yield framed(buffer, offsets.subarray(from, to), sizes.subarray(from, to));
      from = to;
    }
  } finally {
    await file.close();
  }
}

/** Up to which packet they follow each other without a large gap, within one read. */
function endOfRun(offsets: Float64Array, sizes: Uint32Array, from: number): number {
  const start = offsets[from] as number;
  let end = start + (sizes[from] as number);
  let to = from + 1;
  for (; to < sizes.length; to++) {
    const gap = (offsets[to] as number) - end;
    const next = (offsets[to] as number) + (sizes[to] as number);
    if (gap < 0 || gap > mostGapBytes || next - start > mostReadBytes) return to;
    end = next;
  }
  return to;
}

/** @param bytes from the first of the packets on */
function framed(bytes: Uint8Array, offsets: Float64Array, sizes: Uint32Array): Uint8Array {
  const out = new Uint8Array(sizes.reduce((sum, size) => sum + size, 4 * sizes.length));
  const view = viewOf(out);
  const start = offsets[0] ?? 0;
  let to = 0;
  for (const [n, size] of sizes.entries()) {
    const from = (offsets[n] as number) - start;
    view.setUint32(to, size, true);
    out.set(bytes.subarray(from, from + size), to + 4);
    to += 4 + size;
  }
  return out;
}
