import { open } from "node:fs/promises";
import type { PacketIndex } from "./containers/packet-list.ts";

const mostReadBytes = 262_144;

/** The packets of a file in order, each with its length in four bytes in front; reads what lies together at once. */
export async function* packetBytes(path: string, { offsets, sizes }: PacketIndex): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    for (let from = 0; from < sizes.length; ) {
      const to = endOfRun(offsets, sizes, from);
      const start = offsets[from] as number;
      const bytes = (offsets[to - 1] as number) + (sizes[to - 1] as number) - start;
      const { buffer, bytesRead } = await file.read(new Uint8Array(bytes), 0, bytes, start);
      if (bytesRead < bytes) throw new Error("the spooled file is shorter than it was");
      yield framed(buffer, sizes.subarray(from, to));
      from = to;
    }
  } finally {
    await file.close();
  }
}

/** Up to which packet they follow each other without a gap, within one read. */
function endOfRun(offsets: Float64Array, sizes: Uint32Array, from: number): number {
  const start = offsets[from] as number;
  let end = start + (sizes[from] as number);
  let to = from + 1;
  while (to < sizes.length && offsets[to] === end && end + (sizes[to] as number) - start <= mostReadBytes) {
    end += sizes[to] as number;
    to++;
  }
  return to;
}

function framed(bytes: Uint8Array, sizes: Uint32Array): Uint8Array {
  const out = new Uint8Array(bytes.length + 4 * sizes.length);
  const view = new DataView(out.buffer);
  let from = 0;
  let to = 0;
  for (const size of sizes) {
    view.setUint32(to, size, true);
    out.set(bytes.subarray(from, from + size), to + 4);
    from += size;
    to += 4 + size;
  }
  return out;
}
