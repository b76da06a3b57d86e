/** The rate of everything the audio layer gives out. */
export const outputRateHz = 16_000;

/**
 * The low-pass filter of one change of rate, cut into phases. Output n sits at input position n·down/up; the
 * whole part of that chooses the input samples, the fraction the row of coefficients.
 */
export interface Kernel {
  readonly up: number;
  readonly down: number;
  /** Input samples on each side of an output that have a part in it. */
  readonly half: number;
  /** Rows between two input samples; `up`, or fewer and then interpolated between. */
  readonly phases: number;
  /** `phases + 1` rows of `2 * half` coefficients; of a half-band filter the middle and then one side, without the zeros. */
  readonly rows: Float64Array;
  /** It halves the rate, with a transition around a quarter of the rate: every second coefficient is zero. */
  readonly isHalfBand: boolean;
}

// Kaiser's formulas for 100 dB: beta, and the number of coefficients over the width of the transition.
const beta = 10.06;
const lengthFactor = 6.4;

// The band that is given up below the lower Nyquist frequency. The stop band starts at that frequency, so
// that nothing folds back at all; speech models look at hardly anything above 6.9 kHz.
const givenUp = 0.13;

/** Of one that goes on for ever when it is halved, nothing would come back. */
const mostRateHz = 10_000_000;

// With so many rows for a period of the highest frequency a straight line between two of them errs by less
// than -110 dB, and the table of an odd rate stays at a megabyte.
const mostPhases = 1024;

/**
 * The kernels that lead from `rateHz` to 16 kHz, one after the other. High rates are halved first, which needs
 * short filters only, half of them zero: the work for a second stays about the same. Costs milliseconds: keep them.
 */
export function makeKernels(rateHz: number): readonly Kernel[] {
  if (!Number.isInteger(rateHz) || rateHz < 1 || rateHz > mostRateHz) throw new RangeError(`a rate of ${rateHz}`);
  const kernels: Kernel[] = [];
  let rate = rateHz;
  for (; rate >= 2.5 * outputRateHz; rate /= 2) {
    kernels.push(makeHalfBand(outputRateHz / 2 / rate));
  }
  const target = outputRateHz * 2 ** kernels.length;
  const divisor = greatestCommonDivisor(rateHz, target);
  const nyquist = Math.min(rate, outputRateHz) / 2 / rate;
  kernels.push(makeKernel(target / divisor, rateHz / divisor, nyquist * (1 - givenUp), nyquist));
  return kernels;
}

/** `pass` and `stop` are the edges of the transition in cycles per input sample. */
function makeKernel(up: number, down: number, pass: number, stop: number): Kernel {
  const half = Math.ceil(lengthFactor / 2 / (stop - pass));
  const phases = Math.min(up, Math.max(64, Math.ceil(mostPhases * 2 * stop)));
  const rows = new Float64Array((phases + 1) * 2 * half);
  for (let phase = 0; phase <= phases; phase++) {
    fillRow(rows.subarray(phase * 2 * half, (phase + 1) * 2 * half), phase / phases, half, pass + stop);
  }
  // An integer that a division or a power gave may be kept as a float: indexes made of it cost half the speed.
  return { up: up | 0, down: down | 0, half: half | 0, phases: phases | 0, rows, isHalfBand: false };
}

/** Keeps what is below `pass` and lets it be hit only by what is above `0.5 - pass`, where the next filter cuts. */
function makeHalfBand(pass: number): Kernel {
  // An even number of them, as they are summed in pairs.
  const sides = 2 * Math.ceil(lengthFactor / 8 / (0.5 - 2 * pass));
  const half = 2 * sides;
  const rows = new Float64Array(1 + sides);
  rows[0] = 1;
  for (let k = 1; k <= sides; k++) rows[k] = (sinc((2 * k - 1) / 2) * kaiser((2 * k - 1) / half)) / kaiser(0);
  const sum = rows.reduce((total, value, k) => total + (k === 0 ? value : 2 * value), 0);
  return { up: 1, down: 2, half, phases: 1, rows: rows.map((value) => value / sum), isHalfBand: true };
}

function fillRow(row: Float64Array, fraction: number, half: number, cutoff: number): void {
  let sum = 0;
  for (let tap = 0; tap < row.length; tap++) {
    const distance = fraction + half - 1 - tap;
    const value = sinc(cutoff * distance) * kaiser(distance / half);
    row[tap] = value;
    sum += value;
  }
  for (let tap = 0; tap < row.length; tap++) row[tap] = (row[tap] as number) / sum;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Kaiser's window (1974) but for a constant factor, which the sum of a row takes out. */
function kaiser(x: number): number {
  if (x < -1 || x > 1) return 0;
  const quarterSquare = (beta * beta * (1 - x * x)) / 4;
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-10; k++) {
    term *= quarterSquare / (k * k);
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
