import { viewOf } from "../byte-view.ts";
import { boxesOf, find } from "./mp4-box.ts";
import type { PacketList } from "./packet-list.ts";

/** Defaults for the fragments of a track (`trex`). */
export interface FragmentDefaults {
  readonly trackId: number;
  readonly size: number;
}

export function readDefaults(moov: Uint8Array, trackId: number): FragmentDefaults {
  for (const { name, body } of boxesOf(find(moov, "mvex") ?? new Uint8Array(0))) {
    if (name !== "trex" || body.length < 20) continue;
    const view = viewOf(body);
    if (view.getUint32(4) === trackId) return { trackId, size: view.getUint32(16) };
  }
  return { trackId, size: 0 };
}

/**
 * Adds the packets that a fragment (`moof`) names: ISO 14496-12, 8.8.
 * @param moofOffset where it begins in the file
 */
export function readFragment(
  moof: Uint8Array,
  moofOffset: number,
  defaults: FragmentDefaults,
  packets: PacketList,
): void {
  for (const { name, body } of boxesOf(moof)) {
    if (name !== "traf") continue;
    const header = find(body, "tfhd");
    if (header === undefined || header.length < 8 || viewOf(header).getUint32(4) !== defaults.trackId) continue;
    readTrack(body, readHeader(header, moofOffset, defaults), packets);
  }
}

interface TrackFragment {
  readonly base: number;
  readonly size: number;
}

function readHeader(tfhd: Uint8Array, moofOffset: number, defaults: FragmentDefaults): TrackFragment {
  const view = viewOf(tfhd);
  const flags = view.getUint32(0);
  const has = (flag: number, bytes: number): number | undefined => {
    if ((flags & flag) === 0) return undefined;
    const from = at;
    at += bytes;
    return at <= tfhd.length ? from : undefined;
  };
  let at = 8;
  const base = has(1, 8);
  has(2, 4);
  has(8, 4);
  const size = has(16, 4);
  return {
    base: base === undefined ? moofOffset : Number(view.getBigUint64(base)),
    size: size === undefined ? defaults.size : view.getUint32(size),
  };
}

function readTrack(traf: Uint8Array, { base, size }: TrackFragment, packets: PacketList): void {
  let next = base;
  for (const { name, body } of boxesOf(traf)) {
    if (name === "trun" && body.length >= 8) next = readRun(body, base, next, size, packets);
  }
}

/** @returns where the run ends: the next one begins there unless it says otherwise */
function readRun(trun: Uint8Array, base: number, from: number, size: number, packets: PacketList): number {
  const view = viewOf(trun);
  const flags = view.getUint32(0);
  let at = 8;
  let offset = from;
  if (flags & 1) {
    if (trun.length < 12) return offset;
    offset = base + view.getInt32(8);
    at += 4;
  }
  if (flags & 4) at += 4;
  const fields = [0x100, 0x200, 0x400, 0x800].filter((flag) => (flags & flag) !== 0);
  const sizeAt = fields.indexOf(0x200) * 4;
  const count =
    fields.length === 0
      ? view.getUint32(4)
      : Math.min(view.getUint32(4), Math.floor((trun.length - at) / (4 * fields.length)));
  for (let n = 0; n < count; n++, at += 4 * fields.length) {
    const bytes = sizeAt >= 0 ? view.getUint32(at + sizeAt) : size;
    if (bytes === 0 && sizeAt < 0) return offset;
    packets.add(offset, bytes);
    offset += bytes;
  }
  return offset;
}
