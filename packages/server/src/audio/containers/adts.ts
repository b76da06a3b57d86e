import { aacRates, aacSetup } from "../codecs/aac-packets.ts";
import type { CodecSetup } from "../codecs/codec.ts";
import type { AudioFormat, FormatInput, Reading } from "../format.ts";
import { endOf, type FrameSearch, passOver } from "./frame-search.ts";

interface AdtsState extends FrameSearch {
  synced: boolean;
}

interface AdtsHeader {
  /** Of the frame, its header included. */
  readonly bytes: number;
  readonly headerBytes: number;
  readonly setup: CodecSetup;
}

const frames = { name: "AAC", headBytes: 7 };

/** AAC without a container: each frame has a header of its own (ISO 14496-3, 1.A.2). */
export const adts: AudioFormat<AdtsState> = {
  name: "AAC",
  matches(head) {
    const first = readAdts(head, 0);
    return first !== undefined && readAdts(head, first.bytes) !== undefined;
  },
  open: () => ({ synced: false, hasSound: false, searched: 0 }),
  read(state, input) {
    const { bytes, isAll } = input;
    const header = readAdts(bytes, 0);
    if (bytes.length < 7) return isAll ? endOf(state, bytes.length, frames) : { taken: 0, wantsBytes: 7 };
    if (header === undefined) return search(state, input);
    if (bytes.length < header.bytes + 7 && !isAll) return { taken: 0, wantsBytes: header.bytes + 7 };
    if (bytes.length < header.bytes) return endOf(state, bytes.length, frames);
    const isLast = isAll && bytes.length === header.bytes;
    if (!state.synced && !isLast && readAdts(bytes, header.bytes) === undefined) return search(state, input);
    state.synced = true;
    state.hasSound = true;
    const packet = bytes.subarray(header.headerBytes, header.bytes);
    return {
      taken: header.bytes,
      wantsBytes: 512,
      finished: isLast,
      coded: { setup: header.setup, stream: 0, packets: [packet] },
    };
  },
};

function readAdts(bytes: Uint8Array, at: number): AdtsHeader | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0] = bytes.subarray(at, at + 7);
  if (bytes.length < at + 7 || a !== 0xff || (b & 0xf6) !== 0xf0) return undefined;
  const rateIndex = (c >> 2) & 15;
  const channels = ((c & 1) << 2) | (d >> 6);
  const length = ((d & 3) << 11) | (e << 3) | (f >> 5);
  const headerBytes = b & 1 ? 7 : 9;
  const isOne = (g & 3) === 0; // several blocks in a frame: nobody writes that
  if (aacRates[rateIndex] === undefined || length <= headerBytes || channels === 0 || !isOne) return undefined;
  return { bytes: length, headerBytes, setup: aacSetup((c >> 6) + 1, rateIndex, channels) };
}

function search(state: AdtsState, input: FormatInput): Reading {
  state.synced = false;
  const next = input.bytes.indexOf(0xff, 1);
  return passOver(state, next < 0 ? input.bytes.length : next, input, frames);
}
