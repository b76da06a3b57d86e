import type { EngineInfo } from "../../engine/engine.ts";
import { creditSamples, wireRateHz } from "../wire.ts";

/** What all sessions of a host may hold in it together, samples: twenty minutes, which are 77 MB. */
const sharedSamples = 20 * 60 * wireRateHz;

/** A recogniser that follows the stream needs little more than what is under way. */
const framesFloorSeconds = 10;

/** A segment that is being cut, one that is decoded, and padding and steps around them. */
const floorSeconds = (maxSegmentSeconds: number): number => 2 * maxSegmentSeconds + 5;

/**
 * How many samples past the last `consumed` one of `sessions` may send. Sessions share what a host may hold, but
 * none gets less than it takes to cut its longest segment, or it would wait for itself.
 */
export function windowSamples(sessions: number, info: Pick<EngineInfo, "input" | "maxSegmentSeconds">): number {
  const seconds = info.input === "frames" ? framesFloorSeconds : floorSeconds(info.maxSegmentSeconds);
  const share = Math.min(creditSamples, Math.floor(sharedSamples / Math.max(1, sessions)));
  return Math.max(Math.ceil(seconds * wireRateHz), share);
}
