import { damaged, tooLong } from "./format.ts";

/** What the decoding of a recording's packets has taken so far, all its streams together. */
export interface Effort {
  /** Starts of a decoder that the recording made necessary, in seconds of sound that are as dear. */
  startSeconds: number;
  packets: number;
  bytes: number;
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
/** Digital silence takes 22 bytes a second in FLAC with the largest usual blocks at 8 kHz, 31 in Vorbis, more elsewhere. */
const freeSeconds = 120;
const leastBytesASecond = 20;
const mostCutSeconds = 600;

export function noEffort(): Effort {
  return { startSeconds: 0, packets: 0, bytes: 0, seconds: 0 };
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
  maxSeconds: number,
): void {
  effort.packets += packets.length;
  effort.bytes += packets.reduce((sum, { length }) => sum + length, 0);
  effort.seconds += seconds;
  if (effort.packets > freePackets + effort.seconds * mostPacketsASecond) {
    throw damaged("its packets hold hardly any sound");
  }
  if (effort.seconds > freeSeconds + effort.bytes / leastBytesASecond) {
    throw damaged("it stands for more sound than so few bytes can hold");
  }
  // What an edit leaves out costs as much as what is kept.
  if (effort.seconds > maxSeconds + mostCutSeconds) throw tooLong(maxSeconds);
}
