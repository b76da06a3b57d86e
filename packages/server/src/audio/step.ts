import { VoxpoolError } from "../base/errors.ts";
import { type Channels, concatenated, filled } from "./channels.ts";
import { type Coded, DecoderBroke } from "./codecs/codec.ts";
import { codecNames } from "./codecs/setup.ts";
import { decodeCoded, type Sound } from "./coded.ts";
import { id3, type TagState } from "./containers/id3.ts";
import { indexMp4 } from "./containers/mp4.ts";
import { type PacketStream, readPackets } from "./containers/packets.ts";
import { damaged, type FormatInput, mostPieceBytes, type Reading } from "./format.ts";
import { formats } from "./formats.ts";
import { PacketBatch } from "./packet-batch.ts";
import type { PcmState } from "./pcm-reader.ts";
import { openRaw, readRaw } from "./raw.ts";
import { type Kernels, resample, startResampling } from "./resample.ts";
import { sniff, sniffBytes } from "./sniff.ts";
import type { DecodeState, IndexAnswer, IndexStep, Step, StepAnswer, StepFailure, StepResult } from "./wire.ts";

/**
 * Takes one recording a step further. Never rejects: what goes wrong is in the answer.
 * @param signal ends the programs that decode for it; what it answers then is good for nothing
 */
export async function answerStep(step: Step, kernels: Kernels, signal?: AbortSignal): Promise<StepAnswer> {
  try {
    return await decodeStep(step, kernels, signal);
  } catch (error) {
    return failure(error);
  }
}

/** Finds the packets of a file. Never throws. */
export function answerIndex({ file }: IndexStep): IndexAnswer {
  try {
    return indexMp4(file);
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): StepFailure {
  if (error instanceof DecoderBroke) return { error: error.toWire(), isThreadSpent: true };
  if (error instanceof VoxpoolError) return { error: error.toWire() };
  return {
    error: VoxpoolError.from(error).toWire(),
    cause: error instanceof Error ? (error.stack ?? "") : String(error),
  };
}

/** The buffers of an answer that move with it. */
export function buffersOf(answer: StepAnswer | IndexAnswer): ArrayBuffer[] {
  if ("error" in answer) return [];
  if ("packets" in answer) return [answer.packets.offsets.buffer, answer.packets.sizes.buffer];
  const arrays = [...(answer.samples ?? []), ...(answer.rest === undefined ? [] : [answer.rest])];
  return arrays.map((array) => array.buffer);
}

/** @throws VoxpoolError `audio_missing`, `audio_unsupported`, `audio_invalid`, `audio_too_long`, `channels_too_many` */
async function decodeStep(step: Step, kernels: Kernels, signal?: AbortSignal): Promise<StepResult> {
  const state = step.state ?? begin(step);
  if (state === undefined) {
    return { rest: step.bytes, wantsBytes: sniffBytes, pieceBytes: mostPieceBytes, finished: false };
  }
  const found = await readToSound(state, step);
  const { reading, taken, declaredSeconds } = found;
  const finished = reading.finished ?? false;
  const isAll = isAllOf(step);
  const isIdle = taken === 0 && found.coded.length === 0;
  if (isAll && isIdle && !finished) throw damaged("it ends too early");
  const samples = toOutput(state, await soundsOf(state, found, step, signal), finished, kernels);
  if (finished) refuseSilence(state, reading);
  return {
    state,
    wantsBytes: Math.max(reading.wantsBytes, step.isLive ? 0 : Math.min(found.wantsBytes, mostPieceBytes / 2)),
    pieceBytes: Math.max(pieceBytes(reading, isIdle && !isAll ? step.bytes.length : 0), found.pieceBytes),
    finished,
    ...(samples !== undefined && samples[0].length > 0 ? { samples } : {}),
    ...(taken < step.bytes.length && !finished ? { rest: step.bytes.slice(taken) } : {}),
    ...(declaredSeconds === undefined ? {} : { declaredSeconds }),
  };
}

function isAllOf({ bytes, waitingBytes, ended }: Step): boolean {
  return ended && bytes.length === waitingBytes;
}

/** A reader that could do nothing with the last piece is handed more the next time. */
function pieceBytes(reading: Reading, idleBytes: number): number {
  const wanted = reading.pieceBytes ?? mostPieceBytes;
  return idleBytes === 0 ? wanted : Math.max(wanted, reading.wantsBytes, 2 * idleBytes);
}

/**
 * Uncompressed sound may be empty, as a recorder was stopped at once; a file of packets without any is damaged. So is
 * one of which nothing could be decoded: silence would be taken for what was said.
 */
function refuseSilence({ coded }: DecodeState, { samples }: Reading): void {
  if (samples !== undefined) return;
  if (coded === undefined || coded.effort.seconds === 0) throw damaged("it holds no sound");
  if (!coded.isHeard) throw damaged(`nothing of its ${codecNames[coded.setup.codec]} could be decoded`);
}

function begin({ bytes, waitingBytes, ended, raw, packets }: Step): DecodeState | undefined {
  if (packets !== undefined) return { format: "packets", reader: packets };
  if (ended && waitingBytes === 0) throw new VoxpoolError("audio_missing", { detail: "the body is empty" });
  if (raw !== undefined) return { format: "raw", reader: openRaw(raw) };
  const format = sniff(bytes.subarray(0, sniffBytes), ended);
  return format === undefined ? undefined : { format: format.name, reader: format.open() };
}

interface Found {
  /** The last one. */
  readonly reading: Reading;
  readonly taken: number;
  readonly declaredSeconds?: number;
  readonly coded: readonly Coded[];
  /** What is worth a step of coded sound. */
  readonly wantsBytes: number;
  /** Most bytes for a step by its codec; 0 where there is none. */
  readonly pieceBytes: number;
}

/** Reads through headers up to the next sound, or as far as the bytes go; packets until there are enough for a step. */
async function readToSound(state: DecodeState, step: Step): Promise<Found> {
  const batch = new PacketBatch(step.channels);
  let taken = 0;
  let declaredSeconds: number | undefined;
  for (;;) {
    const input = inputAt(step, taken);
    const reading = isTagOver(state) ? afterTag(state, input) : read(state, input);
    taken += reading.taken;
    declaredSeconds = reading.declaredSeconds ?? declaredSeconds;
    if (reading.coded !== undefined) await batch.add(reading.coded);
    const isStuck = reading.taken === 0 && reading.coded === undefined;
    if (isStuck || reading.samples !== undefined || reading.finished === true || batch.isEnough) {
      const known = declaredSeconds === undefined ? {} : { declaredSeconds };
      const wantsBytes = batch.seconds === 0 ? 0 : Math.ceil((taken / batch.seconds) * batch.wantedSeconds);
      return { reading, taken, coded: batch.parts, wantsBytes, pieceBytes: batch.mostBytes, ...known };
    }
  }
}

function inputAt(step: Step, taken: number): FormatInput {
  const { maxSeconds, channels, ended: hasArrived } = step;
  const [bytes, waitingBytes] = [step.bytes.subarray(taken), step.waitingBytes - taken];
  return { bytes, waitingBytes, isAll: isAllOf(step), hasArrived, maxSeconds, channels };
}

/** Behind an ID3 tag the file begins anew, and is MP3 if it looks like nothing else. */
function afterTag(state: DecodeState, input: FormatInput): Reading {
  const { bytes, isAll } = input;
  if (isAll && bytes.length === 0) throw damaged("nothing follows its ID3 tag");
  if (!isAll && bytes.length < sniffBytes) return { taken: 0, wantsBytes: sniffBytes };
  const head = bytes.subarray(0, sniffBytes);
  const format = formats.find((candidate) => candidate.matches(head)) ?? formats.find(({ name }) => name === "MP3");
  if (format === undefined) throw new Error("MP3 is no format");
  state.format = format.name;
  state.reader = format.open();
  return read(state, input);
}

function isTagOver({ format, reader }: DecodeState): boolean {
  return format === id3.name && (reader as TagState).stage === "over";
}

function read(state: DecodeState, input: FormatInput): Reading {
  if (state.format === "raw") return readRaw(state.reader as PcmState, input);
  if (state.format === "packets") return readPackets(state.reader as PacketStream, input);
  const format = formats.find(({ name }) => name === state.format);
  if (format === undefined) throw new Error(`no format ${state.format}`);
  return format.read(state.reader, input);
}

async function soundsOf(state: DecodeState, found: Found, step: Step, signal?: AbortSignal): Promise<Sound[]> {
  const { samples, rateHz } = found.reading;
  if (samples !== undefined && rateHz !== undefined) return [{ samples, rateHz }];
  const sounds: Sound[] = [];
  for (const part of found.coded) {
    const decoded = await decodeCoded(state.coded, part, step, signal);
    state.coded = decoded.state;
    sounds.push(decoded.sound);
  }
  return sounds;
}

function toOutput(state: DecodeState, sounds: readonly Sound[], last: boolean, kernels: Kernels): Channels | undefined {
  const parts: Channels[] = [];
  for (const sound of sounds) {
    if (isOtherRate(state, sound)) parts.push(flush(state, kernels));
    parts.push(converted(state, sound, kernels));
  }
  if (last && state.resamplers !== undefined) parts.push(flush(state, kernels));
  const [first] = parts;
  if (first === undefined) return undefined;
  if (parts.length === 1) return first;
  return filled(first.length, (channel) => concatenated(parts.map((part) => part[channel] ?? part[0])));
}

function isOtherRate({ resamplers }: DecodeState, { rateHz }: Sound): boolean {
  return resamplers !== undefined && resamplers[0]?.rateHz !== rateHz;
}

/** As many channels as the recording began with. */
function converted(state: DecodeState, { samples, rateHz }: Sound, kernels: Kernels): Channels {
  const count = state.channelCount ?? samples.length;
  state.channelCount = count;
  state.resamplers ??= Array.from({ length: count }, () => startResampling(rateHz, kernels));
  const { resamplers } = state;
  return filled(count, (n) => resample(resamplers[n] ?? fail(), samples[n] ?? samples[0], false, kernels));
}

/** The rest that the filters hold back. */
function flush(state: DecodeState, kernels: Kernels): Channels {
  const resamplers = state.resamplers ?? [];
  delete state.resamplers;
  return filled(resamplers.length, (n) => resample(resamplers[n] ?? fail(), new Float32Array(0), true, kernels));
}

function fail(): never {
  throw new Error("a channel without a resampler");
}
