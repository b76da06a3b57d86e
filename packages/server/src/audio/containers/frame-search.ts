import { damaged, type FormatInput, type Reading } from "../format.ts";

/** Where the search for frames stands in a file that is nothing but frames. */
export interface FrameSearch {
  hasSound: boolean;
  /** Bytes that were passed over in search of a frame. */
  searched: number;
}

/** What is searched for: its name, and the bytes of its header. */
interface Frames {
  readonly name: string;
  readonly headBytes: number;
}

/** So much of something else may stand before the first frame. */
const mostSearchedBytes = 1024 * 1024;

/** Passes over what is no frame. @throws VoxpoolError `audio_invalid` if there was too much of that, and no frame */
export function passOver(search: FrameSearch, taken: number, { bytes, isAll }: FormatInput, frames: Frames): Reading {
  search.searched += taken;
  if (search.searched > mostSearchedBytes && !search.hasSound) {
    throw damaged(`no ${frames.name} frames follow its beginning`);
  }
  return isAll && taken === bytes.length ? endOf(search, taken, frames) : { taken, wantsBytes: frames.headBytes };
}

/** The end of the file. @throws VoxpoolError `audio_invalid` if there was no frame */
export function endOf({ hasSound }: FrameSearch, taken: number, { name, headBytes }: Frames): Reading {
  if (!hasSound) throw damaged(`the ${name} file ends before its sound begins`);
  return { taken, wantsBytes: headBytes, finished: true };
}
