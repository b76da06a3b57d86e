import type { ChannelChoice } from "./audio.ts";
import { type Channels, pickPlanar } from "./channels.ts";
import { type Codec, type CodecSetup, type Coded, type Decoded, DecoderBroke } from "./codecs/codec.ts";
import { loadCodec } from "./codecs/codecs.ts";
import { codecNames, codecSetup, sameSound } from "./codecs/setup.ts";
import { type Effort, noEffort, spendPackets, spendStart } from "./effort.ts";
import { tooLong } from "./format.ts";

/** Where the decoding of a recording's packets stands. */
export interface CodedState {
  readonly stream: number;
  readonly setup: CodecSetup;
  /** The last packets, which the next ones depend on. */
  runUp: readonly Uint8Array[];
  /** Frames of this stream that were decoded, those that are skipped included. */
  frames: number;
  skipFrames: number;
  totalFrames: number;
  /** Sound of all streams so far that was given out. */
  seconds: number;
  readonly effort: Effort;
  /** Something of the recording could be decoded. */
  isHeard: boolean;
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
  if (coded.gapSeconds !== undefined) return silence(before, coded, coded.gapSeconds, { channels, maxSeconds });
  const codec = await loadCodec(coded.setup.codec);
  const state = goOn(before, coded, codec);
  state.skipFrames = coded.skipFrames ?? state.skipFrames;
  state.totalFrames = coded.totalFrames ?? state.totalFrames;
  const { setup } = state;
  const { planar, rateHz, lateFrames = 0, isSilence = false } = await decodeBy(codec, state, coded.packets, signal);
  codecSetup(setup.codec, setup.channels, rateHz);
  state.isHeard ||= !isSilence;
  state.runUp = lastPackets([...state.runUp, ...coded.packets], codec.runUpPackets);
  const scale = rateHz / setup.rateHz;
  const decoded = planar[0]?.length ?? 0;
  const { leastBytesASecond } = codec;
  spendPackets(state.effort, coded.packets, decoded / rateHz, { maxSeconds, leastBytesASecond });
  const from = clamp((state.skipFrames - state.frames) * scale + lateFrames, decoded);
  const to = Math.max(from, clamp((state.skipFrames + state.totalFrames - state.frames) * scale + lateFrames, decoded));
  state.frames += decoded / scale;
  state.seconds += (to - from) / rateHz;
  if (state.seconds > maxSeconds) throw tooLong(maxSeconds);
  const kept = planar.map((samples) => samples.subarray(from, to));
  return { state, sound: { samples: pickPlanar(kept, channels), rateHz } };
}

/** A decoder that was brought down by what it was given is no fault of the server's. */
async function decodeBy(
  codec: Codec,
  { setup, runUp }: CodedState,
  packets: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<Decoded> {
  try {
    return await codec.decode(setup, runUp, packets, signal);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    throw new DecoderBroke(`its ${codecNames[setup.codec]} is damaged: it brought the decoder down`, { cause: error });
  }
}

/** As many channels, at the rate, that the stream has had so far. */
async function silence(
  before: CodedState | undefined,
  coded: Coded,
  seconds: number,
  { channels, maxSeconds }: { readonly channels: ChannelChoice; readonly maxSeconds: number },
): Promise<{ state: CodedState; sound: Sound }> {
  const isSame = before?.stream === coded.stream;
  const state = isSame ? before : goOn(before, coded, await loadCodec(coded.setup.codec));
  const { rateHz, channels: count } = state.setup;
  const frames = Math.round(seconds * rateHz);
  state.frames += frames;
  state.seconds += frames / rateHz;
  if (state.seconds > maxSeconds) throw tooLong(maxSeconds);
  const planar = Array.from({ length: count }, () => new Float32Array(frames));
  return { state, sound: { samples: pickPlanar(planar, channels), rateHz } };
}

/** The same decoding, that of a new stream, or one whose packets change their rate or their channels on the way. */
function goOn(before: CodedState | undefined, { setup, stream }: Coded, codec: Codec): CodedState {
  const isSame = before?.stream === stream;
  if (isSame && sameSound(before.setup, setup)) return before;
  const effort = before?.effort ?? noEffort();
  spendStart(effort, codec.startSeconds);
  const fresh = { stream, setup, runUp: [], seconds: before?.seconds ?? 0, effort, isHeard: before?.isHeard ?? false };
  if (!isSame) return { ...fresh, frames: 0, skipFrames: 0, totalFrames: Number.POSITIVE_INFINITY };
  const scale = setup.rateHz / before.setup.rateHz;
  const { frames, skipFrames, totalFrames } = before;
  return { ...fresh, frames: frames * scale, skipFrames: skipFrames * scale, totalFrames: totalFrames * scale };
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, Math.round(value)));
}

/** Copies: a view would take the whole buffer that it looks at along to the next step. */
function lastPackets(packets: readonly Uint8Array[], count: number): Uint8Array[] {
  return packets.slice(Math.max(0, packets.length - count)).map((packet) => packet.slice());
}
