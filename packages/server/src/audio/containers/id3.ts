import { type AudioFormat, damaged, mostPieceBytes } from "../format.ts";

export interface TagState {
  stage: "start" | "tag" | "over";
  /** Bytes of the tag that are still to come. */
  left: number;
}

/** A tag in front of MP3, FLAC or AAC; what follows is recognised anew. */
export const id3: AudioFormat<TagState> = {
  name: "ID3",
  matches: (head) => Buffer.from(head.subarray(0, 3)).toString("latin1") === "ID3" && head.length >= 10,
  open: () => ({ stage: "start", left: 0 }),
  read(state, { bytes, isAll }) {
    if (isAll && bytes.length === 0) throw damaged("the file ends in its ID3 tag");
    if (state.stage === "start") {
      state.left = tagBytes(bytes);
      state.stage = "tag";
    }
    const taken = Math.min(state.left, bytes.length);
    state.left -= taken;
    if (state.left === 0) state.stage = "over";
    return { taken, wantsBytes: Math.min(state.left + 1, mostPieceBytes / 4) };
  },
};

/** ID3v2.4, 3.1: seven bits of the size a byte; a footer if the flags say so. */
function tagBytes(bytes: Uint8Array): number {
  const [flags = 0, a = 0, b = 0, c = 0, d = 0] = bytes.subarray(5, 10);
  const size = ((a & 127) << 21) | ((b & 127) << 14) | ((c & 127) << 7) | (d & 127);
  return 10 + size + (flags & 0x10 ? 10 : 0);
}
