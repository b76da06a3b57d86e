import { convolve } from "./convolve.ts";
import { type Kernel, makeKernels, outputRateHz } from "./kernel.ts";

/** Where a conversion stands. Plain data, so that any worker can go on with it. */
export interface ResamplerState {
  readonly rateHz: number;
  readonly stages: readonly StageState[];
  samplesIn: number;
  samplesOut: number;
}

interface StageState {
  /** Input that outputs to come still need. */
  tail: Float64Array<ArrayBuffer>;
  /** Position of the next output: index into `tail`, and the fraction behind it as `phase / up`. */
  whole: number;
  phase: number;
}

export function startResampling(rateHz: number, kernels: Kernels): ResamplerState {
  const stages = rateHz === outputRateHz ? [] : startStages(kernels.of(rateHz));
  return { rateHz, stages, samplesIn: 0, samplesOut: 0 };
}

/**
 * Converts mono samples to 16 kHz; chunks of any size give the same output. Sample n of the output is the
 * signal at n/16000 s (no delay), and N samples become `ceil(N * 16000 / rateHz)`, in [-1, 1].
 * @param last no more samples follow: the rest comes out too
 */
export function resample(
  state: ResamplerState,
  samples: Float32Array<ArrayBuffer>,
  last: boolean,
  kernels: Kernels,
): Float32Array<ArrayBuffer> {
  if (state.stages.length === 0) return samples;
  state.samplesIn += samples.length;
  let signal: Float32Array | Float64Array = samples;
  for (const [index, kernel] of kernels.of(state.rateHz).entries()) {
    signal = runStage(state.stages[index] as StageState, kernel, signal, last);
  }
  const total = Math.ceil((state.samplesIn * outputRateHz) / state.rateHz);
  const output = clipped(signal, last ? total - state.samplesOut : signal.length);
  state.samplesOut += output.length;
  return output;
}

/** A filter overshoots at the edges of a clipped signal. */
function clipped(signal: Float32Array | Float64Array, length: number): Float32Array<ArrayBuffer> {
  const output = new Float32Array(length);
  for (let n = 0; n < length; n++) {
    const value = signal[n] as number;
    output[n] = value > 1 ? 1 : value < -1 ? -1 : value;
  }
  return output;
}

/** All stages but the last begin early: what their filters spread to before the first sample matters to the next. */
function startStages(kernels: readonly Kernel[]): StageState[] {
  let leadIn = 0;
  return kernels.map(({ half, down }, index) => {
    const leadOut = index === kernels.length - 1 ? 0 : Math.ceil((half + leadIn) / down);
    const zeros = Math.max(0, half - 1 + leadOut * down - leadIn);
    const whole = zeros + leadIn - leadOut * down;
    leadIn = leadOut;
    return { tail: new Float64Array(zeros), whole, phase: 0 };
  });
}

function runStage(
  state: StageState,
  kernel: Kernel,
  samples: Float32Array | Float64Array,
  last: boolean,
): Float64Array {
  const { half } = kernel;
  const input = new Float64Array(state.tail.length + samples.length + (last ? 2 * half : 0));
  input.set(state.tail);
  input.set(samples, state.tail.length);
  const output = advance(state, kernel, input, input.length - half);
  const from = Math.min(input.length, Math.max(0, state.whole - half + 1));
  state.tail = input.slice(from);
  state.whole -= from;
  return output;
}

/** Every output whose position is before `end`; moves the position in `state`. */
function advance(state: StageState, kernel: Kernel, input: Float64Array, end: number): Float64Array {
  const { up, down } = kernel;
  const start = state.whole * up + state.phase;
  const count = Math.max(0, Math.ceil((end * up - start) / down));
  const next = start + count * down;
  state.whole = Math.floor(next / up);
  state.phase = next - state.whole * up;
  return convolve(kernel, input, start, count);
}

/** Keeps the kernels of the rates used last. */
export class Kernels {
  readonly #kept = new Map<number, readonly Kernel[]>();

  of(rateHz: number): readonly Kernel[] {
    const kernels = this.#kept.get(rateHz) ?? makeKernels(rateHz);
    this.#kept.delete(rateHz);
    this.#kept.set(rateHz, kernels);
    // Rates are the caller's: without a bound, files of many odd rates would fill the memory.
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= 8) break;
      this.#kept.delete(oldest);
    }
    return kernels;
  }
}
