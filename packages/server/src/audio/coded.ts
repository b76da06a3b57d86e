import type { ChannelChoice } from "./audio.ts";
import { type Channels, pickPlanar } from "./channels.ts";
import type { CodecSetup, Coded } from "./codecs/codec.ts";
import { loadCodec } from "./codecs/codecs.ts";
import { tooLong } from "./format.ts";

/** Where the decoding of a recording's packets stands. */
export interface CodedState {
  stream: number;
  setup: CodecSetup;
  /** The last packets, which the next ones depend on. */
  runUp: readonly Uint8Array[];
  /** Frames of this stream that were decoded, those that are skipped included. */
  frames: number;
  skipFrames: number;
  totalFrames: number;
  /** Sound of all streams so far that was given out. */
  seconds: number;
}

export interface Sound {
  readonly samples: Channels;
  readonly rateHz: number;
}

/**
 * Decodes packets of one stream, which follow those that `state` stands behind.
 * @throws VoxpoolError `audio_too_long`, `audio_invalid`, `audio_unsupported`, `channels_too_many`
 */
export async function decodeCoded(
  before: CodedState | undefined,
  coded: Coded,
  { channels, maxSeconds }: { readonly channels: ChannelChoice; readonly maxSeconds: number },
  signal?: AbortSignal,
): Promise<{ state: CodedState; sound: Sound }> {
  const state = before?.stream === coded.stream ? before : openStream(coded, before?.seconds ?? 0);
  state.skipFrames = coded.skipFrames ?? state.skipFrames;
  state.totalFrames = coded.totalFrames ?? state.totalFrames;
  const { setup } = state;
  const codec = await loadCodec(setup.codec);
  const { planar, rateHz, lateFrames = 0 } = await codec.decode(setup, state.runUp, coded.packets, signal);
  state.runUp = lastPackets([...state.runUp, ...coded.packets], codec.runUpPackets);
  const scale = rateHz / setup.rateHz;
  const decoded = planar[0]?.length ?? 0;
  const from = clamp((state.skipFrames - state.frames) * scale + lateFrames, decoded);
  const to = Math.max(from, clamp((state.skipFrames + state.totalFrames - state.frames) * scale + lateFrames, decoded));
  state.frames += decoded / scale;
  state.seconds += (to - from) / rateHz;
  if (state.seconds > maxSeconds) throw tooLong(maxSeconds);
  const kept = planar.map((samples) => samples.subarray(from, to));
  return { state, sound: { samples: pickPlanar(kept, channels), rateHz } };
}

function openStream(coded: Coded, seconds: number): CodedState {
  const { setup, stream } = coded;
  return { stream, setup, runUp: [], frames: 0, skipFrames: 0, totalFrames: Number.POSITIVE_INFINITY, seconds };
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, Math.round(value)));
}

/** Copies: a view would take the whole buffer that it looks at along to the next step. */
function lastPackets(packets: readonly Uint8Array[], count: number): Uint8Array[] {
  return packets.slice(Math.max(0, packets.length - count)).map((packet) => packet.slice());
}
