import { viewOf } from "../byte-view.ts";
import { damaged } from "../format.ts";
import { find } from "./mp4-box.ts";
import type { PacketList } from "./packet-list.ts";

/** Fills in the packets that the tables of a track (`stbl`) name: ISO 14496-12, 8.7. @throws VoxpoolError */
export function readTables(stbl: Uint8Array, packets: PacketList): void {
  const sizes = readSizes(stbl);
  const offsets = find(stbl, "stco") ?? find(stbl, "co64");
  const isWide = find(stbl, "stco") === undefined;
  const runs = find(stbl, "stsc");
  if (sizes.count === 0 || offsets === undefined || runs === undefined || offsets.length < 8 || runs.length < 8) return;
  const table = viewOf(offsets);
  const chunks = Math.min(table.getUint32(4), Math.floor((offsets.length - 8) / (isWide ? 8 : 4)));
  const perChunk = createRuns(runs);
  let sample = 0;
  for (let chunk = 0; chunk < chunks && sample < sizes.count; chunk++) {
    let offset = isWide ? Number(table.getBigUint64(8 + 8 * chunk)) : table.getUint32(8 + 4 * chunk);
    for (let left = perChunk(chunk + 1); left > 0 && sample < sizes.count; left--) {
      const size = sizes.of(sample++);
      packets.add(offset, size);
      offset += size;
    }
  }
}

function readSizes(stbl: Uint8Array): { count: number; of: (sample: number) => number } {
  const stsz = find(stbl, "stsz");
  if (stsz !== undefined && stsz.length >= 12) {
    const view = viewOf(stsz);
    const same = view.getUint32(4);
    if (same > 0) return { count: view.getUint32(8), of: () => same };
    const count = Math.min(view.getUint32(8), Math.floor((stsz.length - 12) / 4));
    return { count, of: (sample) => view.getUint32(12 + 4 * sample) };
  }
  const stz2 = find(stbl, "stz2");
  if (stz2 === undefined || stz2.length < 12) return { count: 0, of: () => 0 };
  return compactSizes(stz2);
}

/** Sizes of 4, 8 or 16 bits. */
function compactSizes(stz2: Uint8Array): { count: number; of: (sample: number) => number } {
  const view = viewOf(stz2);
  const bits = view.getUint8(7);
  if (bits !== 4 && bits !== 8 && bits !== 16) throw damaged("the sizes in its MP4 header cannot be read");
  const count = Math.min(view.getUint32(8), Math.floor(((stz2.length - 12) * 8) / bits));
  if (bits === 16) return { count, of: (sample) => view.getUint16(12 + 2 * sample) };
  if (bits === 8) return { count, of: (sample) => view.getUint8(12 + sample) };
  return { count, of: (sample) => (view.getUint8(12 + (sample >> 1)) >> (sample % 2 === 0 ? 4 : 0)) & 15 };
}

/** How many samples a chunk has, for chunks from 1 on, asked in order. */
function createRuns(stsc: Uint8Array): (chunk: number) => number {
  const view = viewOf(stsc);
  const count = Math.min(view.getUint32(4), Math.floor((stsc.length - 8) / 12));
  let run = -1;
  return (chunk) => {
    while (run + 1 < count && view.getUint32(8 + 12 * (run + 1)) <= chunk) run++;
    return run < 0 ? 0 : view.getUint32(12 + 12 * run);
  };
}
