import type { CodecSetup } from "../codecs/codec.ts";
import { packetSeconds } from "../codecs/packet-seconds.ts";
import { outputRateHz } from "../kernel.ts";

/**
 * The sound of a stream against the times that its container tells: what was lost on the way, or never recorded,
 * has to be silence, or all that follows would come too early. Plain data.
 */
export interface Timeline {
  /** Where the sound so far ends, by the container's clock, seconds; unset before the first. */
  end?: number;
  /** Sound and silence so far, seconds. */
  heard: number;
  silent: number;
}

/** Clocks of recorders are not exact to less than this. */
const leastGapSeconds = 0.2;
/** A clock that jumps back so far has been set anew. */
const mostBackSeconds = 1;
/** Silence that a file may ask for without sound; beyond that as much as it has sound. */
const freeGapSeconds = 600;
/** Values of all channels that come at once. */
const mostPieceValues = 1_000_000;

export function startTimeline(): Timeline {
  return { heard: 0, silent: 0 };
}

/**
 * Silence that is missing before sound that begins at `start`, in seconds; a long one in pieces: it is asked again until
 * there is none. A gap that cannot be believed is none, and the clock is set anew.
 */
export function gapBefore(timeline: Timeline, start: number, { codec, channels, rateHz }: CodecSetup): number {
  const lag = start - (timeline.end ?? start);
  const isTooLong = timeline.silent + lag > freeGapSeconds + timeline.heard;
  // What is known of Vorbis is the most that there can be, which must not add up.
  const isTooFar = codec === "vorbis" && lag < 0;
  if (timeline.end === undefined || isTooLong || isTooFar || lag < -mostBackSeconds) timeline.end = start;
  if (isTooLong || !(lag >= leastGapSeconds)) return 0;
  const gap = lag / Math.ceil((lag * Math.max(rateHz, outputRateHz) * channels) / mostPieceValues);
  timeline.end = (timeline.end ?? start) + gap;
  timeline.silent += gap;
  return gap;
}

/** Goes on by sound that was found. */
export function pass(timeline: Timeline, packets: readonly Uint8Array[], setup: CodecSetup): void {
  const seconds = packets.reduce((sum, packet) => sum + packetSeconds(packet, setup), 0);
  timeline.end = (timeline.end ?? 0) + seconds;
  timeline.heard += seconds;
}
