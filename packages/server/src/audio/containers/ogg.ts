import type { CodecSetup, Coded } from "../codecs/codec.ts";
import { type AudioFormat, damaged, type FormatInput, type Reading, unsupported } from "../format.ts";
import { findPage, type OggPage, readPage } from "./ogg-page.ts";
import { framesAt, mostFramesOf, type OggStream, openOggStream, takeHeader } from "./ogg-stream.ts";
import { gapBefore, pass, startTimeline, type Timeline } from "./timeline.ts";

interface OggState {
  /** Serial number of the stream that is read; others of the file are passed over. */
  serial: number;
  stream?: OggStream;
  /** How many streams of sound there were. */
  streams: number;
  /** The beginning of a packet that goes on on the next page. */
  open?: Uint8Array;
  /** The stream has had pages with sound. */
  hasSound: boolean;
  /** Its positions count from its beginning: a stream that was joined midway ends where it likes. */
  fromZero: boolean;
  timeline: Timeline;
  /** Codecs that were seen and are not read. */
  others: string;
}

const mostPacketBytes = 1024 * 1024;

/** Ogg (RFC 3533) with Opus (RFC 7845), Vorbis or FLAC; the first stream of sound, and what is chained behind it. */
export const ogg: AudioFormat<OggState> = {
  name: "Ogg",
  matches: (head) => findPage(head.subarray(0, 4), 0) === 0,
  open: () => ({ serial: -1, streams: 0, hasSound: false, fromZero: false, others: "", timeline: startTimeline() }),
  read(state, input) {
    const { bytes, isAll } = input;
    const page = readPage(bytes);
    if (page === "short" && !isAll) return { taken: 0, wantsBytes: wanted(bytes) };
    if (page === "short" || page === "damaged") return resynchronise(state, input);
    const gap = gapOf(state, page);
    if (gap !== undefined) return { taken: 0, wantsBytes: 27, coded: gap };
    const coded = takePage(state, page);
    const finished = isAll && bytes.length === page.bytes;
    if (finished) refuseSilence(state);
    return { taken: page.bytes, wantsBytes: 27, finished, ...(coded && { coded }) };
  },
};

/** The page's own size once its head is there: who speaks waits for nothing behind it. */
function wanted(bytes: Uint8Array): number {
  const headBytes = 27 + (bytes[26] ?? 0);
  if (bytes.length < headBytes) return headBytes;
  return bytes.subarray(27, headBytes).reduce((sum, size) => sum + size, headBytes);
}

/** After damage: on to the next page. What was open is lost. */
function resynchronise(state: OggState, { bytes, isAll }: FormatInput): Reading {
  delete state.open;
  const next = findPage(bytes, 1);
  const taken = next >= 0 ? next : isAll ? bytes.length : Math.max(1, bytes.length - 3);
  const finished = isAll && taken === bytes.length;
  if (finished) refuseSilence(state);
  return { taken, wantsBytes: 27, finished };
}

function refuseSilence({ stream, others }: OggState): void {
  if (stream?.setup !== undefined && stream.done) return;
  if (stream === undefined && others !== "")
    throw unsupported(`Ogg with ${others} inside; Opus, Vorbis and FLAC are read`);
  throw damaged("the Ogg file ends before its sound begins");
}

/** Silence before a page, where its position tells that sound is missing: pages were lost, or never written. */
function gapOf(state: OggState, page: OggPage): Coded | undefined {
  const { stream, timeline, hasSound, serial, streams } = state;
  const setup = stream?.setup;
  if (page.isFirst || page.serial !== serial || page.granule === undefined || !hasSound) return undefined;
  if (stream === undefined || setup === undefined) return undefined;
  const { packets } = wholePackets(state, page);
  if (packets.length === 0) return undefined;
  const frames = framesAt(stream, page.granule) - mostFramesOf(stream, packets);
  const gapSeconds = gapBefore(timeline, frames / setup.rateHz, setup);
  return gapSeconds > 0 ? { setup, stream: streams, packets: [], gapSeconds } : undefined;
}

function takePage(state: OggState, page: OggPage): Coded | undefined {
  if (page.isFirst) openStream(state, page);
  const { stream } = state;
  if (stream === undefined || page.serial !== state.serial) return undefined;
  const { packets: whole, open } = wholePackets(state, page);
  if (open === undefined) delete state.open;
  else state.open = open;
  const packets = whole.filter((packet) => !takeHeader(stream, packet));
  if (stream.setup === undefined || packets.length === 0) return undefined;
  return sound(state, stream, page, packets);
}

/** The first stream of sound counts; a new one only behind it. */
function openStream(state: OggState, page: OggPage): void {
  if (state.stream !== undefined && !state.hasSound) return;
  const opened = openOggStream(page.packets[0] ?? new Uint8Array(0));
  if ("other" in opened) {
    if (state.stream === undefined && opened.other !== "") state.others = opened.other;
    return;
  }
  state.stream = opened;
  state.serial = page.serial;
  state.streams++;
  state.hasSound = false;
  state.timeline = startTimeline();
  delete state.open;
}

/** The packets that end on a page, and the beginning of one that goes on behind it. */
function wholePackets({ open }: OggState, page: OggPage): { packets: Uint8Array[]; open?: Uint8Array } {
  const packets = [...page.packets];
  if (page.isContinued && packets.length > 0) {
    const rest = packets.shift() as Uint8Array;
    // Without its beginning it is of no use.
    if (open !== undefined) packets.unshift(Buffer.concat([open, rest]));
    else if (page.isOpen && packets.length === 0) return { packets };
  }
  if (page.isOpen && packets.length > 0) {
    const last = packets.pop() as Uint8Array;
    if (last.length > mostPacketBytes) throw damaged("a packet of the Ogg file is too long");
    return { packets, open: last.slice() };
  }
  return { packets };
}

function sound(state: OggState, stream: OggStream, page: OggPage, packets: readonly Uint8Array[]): Coded {
  const setup = stream.setup as CodecSetup;
  if (!state.hasSound) {
    const frames = mostFramesOf(stream, packets);
    state.fromZero = page.granule !== undefined && framesAt(stream, page.granule) <= frames;
    state.hasSound = true;
  }
  // The first page tells where the clock begins; of one on which no packet ends it is not known.
  if (state.timeline.end === undefined && page.granule !== undefined) {
    gapBefore(state.timeline, (framesAt(stream, page.granule) - mostFramesOf(stream, packets)) / setup.rateHz, setup);
  }
  if (state.timeline.end !== undefined) pass(state.timeline, packets, setup);
  const knowsEnd = page.isLast && state.fromZero && page.granule !== undefined;
  return {
    setup,
    stream: state.streams,
    packets,
    skipFrames: stream.skipFrames,
    ...(knowsEnd && { totalFrames: Math.max(0, framesAt(stream, page.granule)) }),
  };
}
