import { damaged, tooLong } from "./format.ts";

/** What the decoding of a recording's packets has taken so far, all its streams together. */
export interface Effort {
  /** Starts of a decoder that the recording made necessary, in seconds of sound that are as dear. */
  startSeconds: number;
  packets: number;
  /** Sound that its bytes can hold, digital silence as it may be. */
  worthSeconds: number;
  /** Sound that was decoded, with what is not part of the recording. */
  seconds: number;
}

// What is bounded is work for sound that is hardly there. Each bound lets a recording begin as it likes, and
// then asks for a little in return.

/** Sixty clips that were joined, of any length; beyond that each has to have half a second. */
const freeStartSeconds = 32;
/** Opus has at most 400 packets a second, FLAC of the smallest blocks and the highest rate about a thousand. */
const freePackets = 5000;
const mostPacketsASecond = 2000;
/** For what a codec puts into its packets beside the sound. */
const freeSeconds = 120;
const mostCutSeconds = 600;

export function noEffort(): Effort {
  return { startSeconds: 0, packets: 0, worthSeconds: 0, seconds: 0 };
}

/** @param seconds sound that a start of this decoder is worth @throws VoxpoolError `audio_invalid` */
export function spendStart(effort: Effort, seconds: number): void {
  effort.startSeconds += seconds;
  if (effort.startSeconds > freeStartSeconds + effort.seconds) {
    throw damaged("its sound begins anew too often for what follows each time");
  }
}

/** @throws VoxpoolError `audio_invalid`, `audio_too_long` */
export function spendPackets(
  effort: Effort,
  packets: readonly Uint8Array[],
  seconds: number,
  { maxSeconds, leastBytesASecond }: { readonly maxSeconds: number; readonly leastBytesASecond: number },
): void {
  effort.packets += packets.length;
  effort.worthSeconds += packets.reduce((sum, { length }) => sum + length, 0) / leastBytesASecond;
  effort.seconds += seconds;
  if (effort.packets > freePackets + effort.seconds * mostPacketsASecond) {
    throw damaged("its packets hold hardly any sound");
  }
  if (effort.seconds > freeSeconds + effort.worthSeconds) {
    throw damaged("it stands for more sound than so few bytes can hold");
  }
  // What an edit leaves out costs as much as what is kept.
  if (effort.seconds > maxSeconds + mostCutSeconds) throw tooLong(maxSeconds);
}
