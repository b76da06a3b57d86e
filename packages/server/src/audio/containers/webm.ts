import { viewOf } from "../byte-view.ts";
import { type AudioFormat, damaged, type FormatInput, mostPieceBytes, type Reading } from "../format.ts";
import { childrenOf, type Element, float, readElement, readSize, unsigned } from "./ebml.ts";
import { gapBefore, pass, startTimeline, type Timeline } from "./timeline.ts";
import { readTracks, type WebmTrack } from "./webm-track.ts";

interface WebmState {
  /** Bytes of an element that is of no interest. */
  skip: number;
  track?: WebmTrack;
  seconds?: number;
  /** Nanoseconds of a tick, and the ticks at which the cluster begins. */
  tickNs: number;
  clusterTicks: number;
  readonly timeline: Timeline;
}

const ids = {
  header: 0x1a45dfa3,
  segment: 0x18538067,
  info: 0x1549a966,
  tracks: 0x1654ae6b,
  cluster: 0x1f43b675,
  group: 0xa0,
  block: 0xa1,
  simpleBlock: 0xa3,
  time: 0xe7,
  scale: 0x2ad7b1,
  duration: 0x4489,
};

/** Their children are read like their neighbours: where they end does not matter. */
const entered = new Set([ids.segment, ids.cluster, ids.group]);
const mostTracksBytes = 1024 * 1024;
const mostBlockBytes = 1024 * 1024;
const clusterMark = Buffer.from("1f43b675", "hex");

/** WebM and Matroska (RFC 9559), read front to back: browsers record without sizes and without an index. */
export const webm: AudioFormat<WebmState> = {
  name: "WebM",
  matches: (head) => head[0] === 0x1a && head[1] === 0x45 && head[2] === 0xdf && head[3] === 0xa3,
  open: () => ({ skip: 0, tickNs: 1_000_000, clusterTicks: 0, timeline: startTimeline() }),
  read(state, input) {
    const reading = readOn(state, input);
    const isStuck = reading.taken === 0 && reading.coded === undefined;
    const finished = input.isAll && (reading.taken === input.bytes.length || isStuck);
    if (finished && state.track === undefined) throw damaged("the WebM file ends before its sound begins");
    return { ...reading, finished };
  },
};

function readOn(state: WebmState, input: FormatInput): Reading {
  const { bytes } = input;
  if (state.skip > 0) {
    const taken = Math.min(state.skip, bytes.length);
    state.skip -= taken;
    return { taken, wantsBytes: Math.min(state.skip + 12, mostPieceBytes / 4) };
  }
  const element = readElement(bytes, 0);
  if (element === "short") return { taken: 0, wantsBytes: 12 };
  if (element === "damaged") return resynchronise(bytes);
  if (entered.has(element.id)) return { taken: element.headBytes, wantsBytes: 12 };
  if (element.size === undefined) return resynchronise(bytes);
  return readLeaf(state, input, element, element.size);
}

/** On to the next cluster. */
function resynchronise(bytes: Uint8Array): Reading {
  const next = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(clusterMark, 1);
  return { taken: next >= 0 ? next : Math.max(1, bytes.length - 3), wantsBytes: 12 };
}

function readLeaf(
  state: WebmState,
  { bytes, maxSeconds }: FormatInput,
  { id, headBytes }: Element,
  size: number,
): Reading {
  const whole = headBytes + size;
  const isHeader = (id === ids.tracks && state.track === undefined) || id === ids.info || id === ids.time;
  const isBlock = id === ids.block || id === ids.simpleBlock;
  if (isBlock && bytes.length < headBytes + 8 && bytes.length < whole) return { taken: 0, wantsBytes: headBytes + 8 };
  const isOurs = isBlock && readSize(bytes, headBytes)?.value === state.track?.number;
  if ((!isHeader && !isOurs) || size > (isHeader ? mostTracksBytes : mostBlockBytes)) {
    state.skip = size;
    return { taken: headBytes, wantsBytes: 12 };
  }
  if (bytes.length < whole) return { taken: 0, wantsBytes: whole, pieceBytes: Math.max(whole, mostPieceBytes) };
  const body = bytes.subarray(headBytes, whole);
  if (id === ids.tracks) state.track = readTracks(body);
  if (id === ids.info) readInfo(state, body);
  if (id === ids.time) state.clusterTicks = unsigned(body);
  if (isOurs && state.track) return readBlock(state, state.track, body, whole);
  const known = id !== ids.time && state.seconds !== undefined && state.seconds > 0 && state.seconds <= maxSeconds;
  const declared = known ? { declaredSeconds: state.seconds as number } : {};
  return { taken: whole, wantsBytes: 12, ...declared };
}

/** A block, or the silence before it where its time tells that sound is missing: then it is asked again. */
function readBlock(state: WebmState, track: WebmTrack, block: Uint8Array, taken: number): Reading {
  const { setup, skipFrames } = track;
  const at = readSize(block, 0)?.bytes ?? 0;
  if (block.length < at + 3) return { taken, wantsBytes: 12 };
  const ticks = state.clusterTicks + viewOf(block).getInt16(at);
  const gapSeconds = gapBefore(state.timeline, (ticks * state.tickNs) / 1e9, setup);
  if (gapSeconds > 0) return { taken: 0, wantsBytes: 12, coded: { setup, stream: 0, packets: [], gapSeconds } };
  const packets = packetsOf(block);
  pass(state.timeline, packets, setup);
  return { taken, wantsBytes: 12, coded: { setup, stream: 0, packets, skipFrames } };
}

function readInfo(state: WebmState, info: Uint8Array): void {
  let duration = 0;
  for (const { id, body } of childrenOf(info)) {
    if (id === ids.scale) state.tickNs = unsigned(body);
    if (id === ids.duration) duration = float(body);
  }
  state.seconds = (duration * state.tickNs) / 1e9;
}

/** RFC 9559, 10: a block is one packet, or several that are laced together. */
function packetsOf(block: Uint8Array): Uint8Array[] {
  const at = (readSize(block, 0)?.bytes ?? 0) + 3;
  const lacing = ((block[at - 1] ?? 0) >> 1) & 3;
  if (lacing === 0) return [block.subarray(at)];
  const count = (block[at] ?? 0) + 1;
  const { sizes, from } =
    lacing === 1
      ? xiphSizes(block, at + 1, count)
      : lacing === 3
        ? ebmlSizes(block, at + 1, count)
        : equalSizes(block, at + 1, count);
  const packets: Uint8Array[] = [];
  let next = from;
  for (const size of sizes) {
    if (size < 0 || next + size > block.length) return packets;
    packets.push(block.subarray(next, next + size));
    next += size;
  }
  if (sizes.length < count) packets.push(block.subarray(next));
  return packets;
}

function xiphSizes(block: Uint8Array, start: number, count: number) {
  const sizes: number[] = [];
  let from = start;
  for (let n = 0; n < count - 1; n++) {
    let size = 0;
    for (; block[from] === 255; from++) size += 255;
    sizes.push(size + (block[from++] ?? 0));
  }
  return { sizes, from };
}

/** The first size, then differences; those are shifted by half of what their bytes can hold. */
function ebmlSizes(block: Uint8Array, start: number, count: number) {
  const sizes: number[] = [];
  let from = start;
  for (let n = 0; n < count - 1; n++) {
    const number = readSize(block, from) ?? { value: 0, bytes: 1 };
    from += number.bytes;
    sizes.push(n === 0 ? number.value : (sizes[n - 1] as number) + number.value - (2 ** (7 * number.bytes - 1) - 1));
  }
  return { sizes, from };
}

function equalSizes(block: Uint8Array, from: number, count: number) {
  const size = Math.floor(Math.max(0, block.length - from) / count);
  return { sizes: Array.from({ length: count }, () => size), from };
}
