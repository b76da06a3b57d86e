import { VoxpoolError } from "../base/errors.ts";
import type { ChannelChoice } from "./audio.ts";
import { tame } from "./pcm.ts";

/** Samples of a file, a piece for each channel that comes out; all of one length. */
export type Channels = readonly [Float32Array<ArrayBuffer>, ...Float32Array<ArrayBuffer>[]];

/** A recognition each: a file must not ask for any number of them. */
const mostSplitChannels = 8;

/**
 * How many channels come out of so many.
 * @throws VoxpoolError `channels_too_many`
 */
export function channelsOut(channels: number, choice: ChannelChoice): number {
  if (choice !== "split") return 1;
  if (channels > mostSplitChannels) throw new VoxpoolError("channels_too_many", { channels, limit: mostSplitChannels });
  return channels;
}

/** Picks from samples that lie frame by frame. @throws VoxpoolError `channels_too_many` */
export function pickInterleaved(samples: Float32Array<ArrayBuffer>, channels: number, choice: ChannelChoice): Channels {
  const out = channelsOut(channels, choice);
  if (channels === 1) return [samples];
  if (choice === "mix") return [average(samples, channels)];
  return filled(out, (channel) => everyNth(samples, channels, channel));
}

function average(samples: Float32Array, channels: number): Float32Array<ArrayBuffer> {
  const mono = new Float32Array(samples.length / channels);
  for (let frame = 0, at = 0; frame < mono.length; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += samples[at++] as number;
    mono[frame] = sum / channels;
  }
  return mono;
}

function everyNth(samples: Float32Array, channels: number, channel: number): Float32Array<ArrayBuffer> {
  const one = new Float32Array(samples.length / channels);
  for (let frame = 0, at = channel; frame < one.length; frame++, at += channels) one[frame] = samples[at] as number;
  return one;
}

/** `count` channels, at least one. */
export function filled(count: number, make: (channel: number) => Float32Array<ArrayBuffer>): Channels {
  return [make(0), ...Array.from({ length: count - 1 }, (_, n) => make(n + 1))];
}

/** Samples one after the other. */
export function concatenated(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Picks from samples that lie channel by channel, at least one; tamed to [-1, 1]. @throws VoxpoolError `channels_too_many` */
export function pickPlanar(planar: readonly Float32Array[], choice: ChannelChoice): Channels {
  const out = channelsOut(planar.length, choice);
  if (choice === "mix" && planar.length > 1) return [tamed(meanOf(planar))];
  return filled(out, (channel) => tamed(Float32Array.from(planar[channel] as Float32Array)));
}

/** Two at a time, as stereo is what people have: that is one pass. */
function meanOf(planar: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const sum = new Float32Array(planar[0]?.length ?? 0);
  const share = 1 / planar.length;
  for (let channel = 0; channel < planar.length; channel += 2) {
    const one = planar[channel] as Float32Array;
    const other = planar[channel + 1] ?? new Float32Array(sum.length);
    for (let n = 0; n < sum.length; n++) {
      sum[n] = (sum[n] as number) + share * ((one[n] as number) + (other[n] as number));
    }
  }
  return sum;
}

/** Decoders overshoot, and damaged packets make anything. */
function tamed(samples: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  for (let n = 0; n < samples.length; n++) {
    const value = samples[n] as number;
    if (!(value >= -1 && value <= 1)) samples[n] = tame(value);
  }
  return samples;
}
