import { VoxpoolError } from "../base/errors.ts";
import { type Channels, filled } from "./channels.ts";
import { damaged, mostPieceBytes, type Reading } from "./format.ts";
import { formats } from "./formats.ts";
import type { PcmState } from "./pcm-reader.ts";
import { openRaw, readRaw } from "./raw.ts";
import { type Kernels, type ResamplerState, resample, startResampling } from "./resample.ts";
import { sniff, sniffBytes } from "./sniff.ts";
import type { DecodeState, Step, StepAnswer, StepResult } from "./wire.ts";

/** Takes one recording a step further. Never throws: what goes wrong is in the answer. */
export function answerStep(step: Step, kernels: Kernels): StepAnswer {
  try {
    return decodeStep(step, kernels);
  } catch (error) {
    if (error instanceof VoxpoolError) return { error: error.toWire() };
    return { error: VoxpoolError.from(error).toWire(), cause: error instanceof Error ? error.stack : String(error) };
  }
}

/** The buffers of an answer that move with it. */
export function buffersOf(answer: StepAnswer): ArrayBuffer[] {
  if ("error" in answer) return [];
  const arrays = [...(answer.samples ?? []), ...(answer.rest === undefined ? [] : [answer.rest])];
  return arrays.map((array) => array.buffer);
}

/** @throws VoxpoolError `audio_missing`, `audio_unsupported`, `audio_invalid`, `audio_too_long` */
function decodeStep(step: Step, kernels: Kernels): StepResult {
  const state = step.state ?? begin(step);
  if (state === undefined) {
    return { rest: step.bytes, wantsBytes: sniffBytes, pieceBytes: mostPieceBytes, finished: false };
  }
  const { reading, taken, declaredSeconds } = readToSound(state, step);
  const finished = reading.finished ?? false;
  if (step.ended && taken === 0 && !finished) throw damaged("it ends too early");
  const samples = soundOf(state, reading, finished, kernels);
  return {
    state,
    wantsBytes: reading.wantsBytes,
    pieceBytes: reading.pieceBytes ?? mostPieceBytes,
    finished,
    ...(samples !== undefined && samples[0].length > 0 ? { samples } : {}),
    ...(taken < step.bytes.length && !finished ? { rest: step.bytes.subarray(taken) } : {}),
    ...(declaredSeconds === undefined ? {} : { declaredSeconds }),
  };
}

function begin({ bytes, waitingBytes, ended, raw }: Step): DecodeState | undefined {
  if (ended && waitingBytes === 0) throw new VoxpoolError("audio_missing");
  if (raw !== undefined) return { format: "raw", reader: openRaw(raw) };
  const format = sniff(bytes.subarray(0, sniffBytes), ended);
  return format === undefined ? undefined : { format: format.name, reader: format.open() };
}

/** Reads through headers up to the next sound, or as far as the bytes go. */
function readToSound(state: DecodeState, step: Step): { reading: Reading; taken: number; declaredSeconds?: number } {
  let taken = 0;
  let declaredSeconds: number | undefined;
  for (;;) {
    const { ended, maxSeconds, channels } = step;
    const bytes = step.bytes.subarray(taken);
    const reading = read(state, { bytes, waitingBytes: step.waitingBytes - taken, ended, maxSeconds, channels });
    taken += reading.taken;
    declaredSeconds = reading.declaredSeconds ?? declaredSeconds;
    if (reading.taken === 0 || reading.samples !== undefined) {
      return { reading, taken, ...(declaredSeconds === undefined ? {} : { declaredSeconds }) };
    }
  }
}

function read(state: DecodeState, input: Parameters<typeof readRaw>[1]): Reading {
  if (state.format === "raw") return readRaw(state.reader as PcmState, input);
  const format = formats.find(({ name }) => name === state.format);
  if (format === undefined) throw new Error(`no format ${state.format}`);
  return format.read(state.reader, input);
}

function soundOf(
  state: DecodeState,
  { samples, rateHz }: Reading,
  last: boolean,
  kernels: Kernels,
): Channels | undefined {
  if (samples === undefined || rateHz === undefined) return undefined;
  state.resamplers ??= samples.map(() => startResampling(rateHz, kernels));
  const { resamplers } = state;
  return filled(samples.length, (channel) =>
    resample(resamplers[channel] as ResamplerState, samples[channel] as Float32Array<ArrayBuffer>, last, kernels),
  );
}
