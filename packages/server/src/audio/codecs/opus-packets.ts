import { damaged } from "../format.ts";
import { outputRateHz } from "../kernel.ts";
import type { CodecSetup } from "./codec.ts";
import { codecSetup } from "./setup.ts";

/** libopus gives out the rate that is wanted in the end; it works at 48 kHz inside. */
const opusRateHz = 48_000;

/** RFC 7845, 5.1: what an `OpusHead` packet says. Times in it are at 48 kHz. @throws VoxpoolError */
export function readOpusHead(head: Uint8Array): { setup: CodecSetup; skipFrames: number } {
  if (head.length < 19) throw damaged("the header of its Opus stream is too short");
  const channels = head[9] as number;
  const preSkip = (head[10] as number) | ((head[11] as number) << 8);
  const setup = codecSetup("opus", channels, outputRateHz, [head.slice(0, 21 + channels)]);
  opusLayout(setup);
  return { setup, skipFrames: toOutputFrames(preSkip) };
}

/** Frames at 48 kHz, as containers count them, in frames that come out. */
export function toOutputFrames(frames: number): number {
  return Math.round((frames * outputRateHz) / opusRateHz);
}

/** RFC 6716, 3.1: the first byte has the length of a frame, and how many there are; 120 ms in all at most. */
export function opusFrames(packet: Uint8Array): number {
  const [toc, count] = packet;
  if (toc === undefined) return 0;
  const configuration = toc >> 3;
  const code = toc & 3;
  const frames = code === 0 ? 1 : code === 3 ? (count ?? 0) & 63 : 2;
  const total = frames * frameMs(configuration);
  return total > 120 ? 0 : (total * outputRateHz) / 1000;
}

function frameMs(configuration: number): number {
  if (configuration < 12) return [10, 20, 40, 60][configuration & 3] as number;
  if (configuration < 16) return configuration % 2 === 0 ? 10 : 20;
  return [2.5, 5, 10, 20][configuration & 3] as number;
}

/** Which coded streams make which channels: RFC 7845, 5.1.1. @throws VoxpoolError `audio_invalid` */
export function opusLayout({ channels, headers }: CodecSetup) {
  const head = headers[0] as Uint8Array;
  if (head[18] === 0) {
    if (channels > 2) throw damaged("its Opus header does not say how its channels are coded");
    return { channels };
  }
  const [streamCount = 0, coupledStreamCount = 0] = head.subarray(19, 21);
  const channelMappingTable = [...head.subarray(21, 21 + channels)];
  const coded = streamCount + coupledStreamCount;
  const fits = channelMappingTable.every((index) => index < coded || index === 255);
  if (
    streamCount === 0 ||
    coupledStreamCount > streamCount ||
    coded > 255 ||
    channelMappingTable.length < channels ||
    !fits
  ) {
    throw damaged("its Opus header does not fit together");
  }
  return { channels, streamCount, coupledStreamCount, channelMappingTable };
}
