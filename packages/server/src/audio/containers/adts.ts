import { aacRates, aacSetup } from "../codecs/aac-packets.ts";
import type { CodecSetup } from "../codecs/codec.ts";
import { type AudioFormat, damaged, type FormatInput, type Reading } from "../format.ts";

interface AdtsState {
  synced: boolean;
  hasSound: boolean;
  searched: number;
}

interface AdtsHeader {
  /** Of the frame, its header included. */
  readonly bytes: number;
  readonly headerBytes: number;
  readonly setup: CodecSetup;
}

const mostSearchedBytes = 1024 * 1024;

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
    if (bytes.length < 7) return isAll ? end(state, bytes.length) : { taken: 0, wantsBytes: 7 };
    if (header === undefined) return search(state, input);
    if (bytes.length < header.bytes + 7 && !isAll) return { taken: 0, wantsBytes: header.bytes + 7 };
    if (bytes.length < header.bytes) return end(state, bytes.length);
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

function search(state: AdtsState, { bytes, isAll }: FormatInput): Reading {
  state.synced = false;
  const next = bytes.indexOf(0xff, 1);
  const taken = next < 0 ? bytes.length : next;
  state.searched += taken;
  if (state.searched > mostSearchedBytes && !state.hasSound) throw damaged("no AAC frames follow its beginning");
  return isAll && taken === bytes.length ? end(state, taken) : { taken, wantsBytes: 7 };
}

function end({ hasSound }: AdtsState, taken: number): Reading {
  if (!hasSound) throw damaged("the AAC file ends before its sound begins");
  return { taken, wantsBytes: 7, finished: true };
}
