import { closeSync, fstatSync, openSync } from "node:fs";
import { VoxpoolError } from "../../base/errors.ts";
import { viewOf } from "../byte-view.ts";
import { damaged, unsupported } from "../format.ts";
import { FileWindow } from "./file-window.ts";
import { boxesOf, find, readBoxHead } from "./mp4-box.ts";
import { type Mp4Codec, readMp4Codec } from "./mp4-codec.ts";
import { type FragmentDefaults, readDefaults, readFragment } from "./mp4-fragment.ts";
import { readTables } from "./mp4-table.ts";
import { type PacketIndex, PacketList } from "./packet-list.ts";
import type { PacketStream } from "./packets.ts";

export interface Mp4Index {
  readonly packets: PacketIndex;
  readonly stream: PacketStream;
  readonly declaredSeconds?: number;
}

const mostFragments = 1_000_000;
const mostTracks = 1000;

interface Track extends Mp4Codec {
  readonly id: number;
  readonly stbl: Uint8Array;
  readonly declaredSeconds: number;
  readonly edit?: { readonly skipSeconds: number; readonly seconds: number };
}

/**
 * Finds the first track of sound of an MP4, M4A or QuickTime file, and where its packets are. Only headers are
 * read: they may stand at the end, which is why such a file has to be there whole.
 * @throws VoxpoolError `audio_invalid`, `audio_unsupported`
 */
export function indexMp4(path: string): Mp4Index {
  const file = openSync(path, "r");
  try {
    return index(new FileWindow(file, fstatSync(file).size));
  } catch (error) {
    if (error instanceof RangeError) throw damaged("a header of the MP4 file is too short");
    throw error;
  } finally {
    closeSync(file);
  }
}

function index(file: FileWindow): Mp4Index {
  const packets = new PacketList(file.fileBytes);
  let track: Track | undefined;
  let defaults: FragmentDefaults | undefined;
  for (const { name, at, size, headBytes } of topBoxes(file)) {
    if (name === "moov" && track === undefined) {
      const moov = file.read(at + headBytes, size - headBytes);
      track = readTrack(moov);
      defaults = readDefaults(moov, track.id);
      readTables(track.stbl, packets);
    }
    if (name === "moof" && defaults !== undefined) {
      readFragment(file.read(at + headBytes, size - headBytes), at, defaults, packets);
    }
  }
  if (track === undefined) throw damaged("the MP4 file has no header (moov); it was probably cut off");
  return toIndex(track, packets);
}

function toIndex(track: Track, packets: PacketList): Mp4Index {
  const { setup, edit, declaredSeconds } = track;
  const total =
    edit !== undefined && edit.seconds > 0 ? Math.round(edit.seconds * setup.rateHz) : Number.POSITIVE_INFINITY;
  const skipFrames = edit === undefined ? track.skipFrames : Math.round(edit.skipSeconds * setup.rateHz);
  const seconds = edit !== undefined && edit.seconds > 0 ? edit.seconds : declaredSeconds;
  const stream: PacketStream = { setup, skipFrames, totalFrames: total };
  return { packets: packets.index(), stream, ...(seconds > 0 && { declaredSeconds: seconds }) };
}

interface TopBox {
  readonly name: string;
  readonly at: number;
  readonly size: number;
  readonly headBytes: number;
}

function* topBoxes(file: FileWindow): Generator<TopBox> {
  const { fileBytes } = file;
  for (let at = 0, count = 0; at + 8 <= fileBytes; count++) {
    const head = readBoxHead(file.read(at, 16));
    if (head === undefined) return; // what stands before the damage counts
    if (count > mostFragments) throw damaged("the MP4 file has too many parts");
    const size = head.size === 0 ? fileBytes - at : Math.min(head.size, fileBytes - at);
    yield { name: head.name, at, size, headBytes: head.headBytes };
    at += Math.max(size, 8);
  }
}

function readTrack(moov: Uint8Array): Track {
  const ratio = timescale(find(moov, "mvhd"));
  let refusal: unknown;
  let tracks = 0;
  for (const { name, body } of boxesOf(moov)) {
    if (name !== "trak" || !isSound(body)) continue;
    if (++tracks > mostTracks) throw damaged("the MP4 file has too many tracks");
    try {
      return trackOf(body, ratio);
    } catch (error) {
      if (!(error instanceof VoxpoolError)) throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? unsupported("an MP4 file without sound");
}

function isSound(trak: Uint8Array): boolean {
  const handler = find(trak, "mdia", "hdlr");
  return handler !== undefined && Buffer.from(handler.subarray(8, 12)).toString("latin1") === "soun";
}

function trackOf(trak: Uint8Array, movieScale: number): Track {
  const stbl = find(trak, "mdia", "minf", "stbl");
  const descriptions = stbl && find(stbl, "stsd");
  const tkhd = find(trak, "tkhd");
  if (stbl === undefined || descriptions === undefined || tkhd === undefined)
    throw damaged("its MP4 track has no tables");
  const mdhd = find(trak, "mdia", "mdhd");
  const scale = timescale(mdhd);
  const edit = readEdit(find(trak, "edts", "elst"), scale, movieScale);
  return {
    ...readMp4Codec(descriptions),
    id: viewOf(tkhd).getUint32(tkhd[0] === 1 ? 20 : 12),
    stbl,
    declaredSeconds: scale > 0 && mdhd !== undefined ? durationOf(mdhd) / scale : 0,
    ...(edit && { edit }),
  };
}

/** Ticks a second, of `mvhd` or `mdhd`. */
function timescale(header: Uint8Array | undefined): number {
  if (header === undefined) return 0;
  return viewOf(header).getUint32(header[0] === 1 ? 20 : 12);
}

function durationOf(mdhd: Uint8Array): number {
  const view = viewOf(mdhd);
  const isUnknown = mdhd[0] === 1 ? view.getBigUint64(24) === 2n ** 64n - 1n : view.getUint32(16) === 0xffff_ffff;
  if (isUnknown) return 0;
  return mdhd[0] === 1 ? Number(view.getBigUint64(24)) : view.getUint32(16);
}

/** The one stretch that is played, as encoders write it for their run-up; a film with several edits is read whole. */
function readEdit(elst: Uint8Array | undefined, scale: number, movieScale: number): Track["edit"] {
  if (elst === undefined || elst.length < 8 || scale === 0 || movieScale === 0) return undefined;
  const view = viewOf(elst);
  const isWide = elst[0] === 1;
  const bytes = isWide ? 20 : 12;
  const count = Math.min(view.getUint32(4), Math.floor((elst.length - 8) / bytes), 100);
  const edits = Array.from({ length: count }, (_, n) => {
    const at = 8 + n * bytes;
    const seconds = (isWide ? Number(view.getBigUint64(at)) : view.getUint32(at)) / movieScale;
    const start = isWide ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4);
    return { seconds, start };
  }).filter(({ start }) => start >= 0);
  const [only] = edits;
  if (only === undefined || edits.length > 1) return undefined;
  return { skipSeconds: only.start / scale, seconds: only.seconds };
}
