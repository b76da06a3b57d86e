import type { Kernel } from "./kernel.ts";

/** Outputs that are made in one go: they have a row of coefficients in common, which is loaded once. */
const together = 4;

/**
 * The outputs of a kernel at the positions `(start + n * down) / up` of `input`, n from 0 to `count - 1`. Each
 * needs `half - 1` samples before and `half` behind the whole part of its position, which have to be there. The
 * sum of an output is always made in the same order, whatever is made with it: so pieces of a signal give the
 * samples that the whole gives, to the bit.
 */
export function convolve(kernel: Kernel, input: Float64Array, start: number, count: number): Float64Array {
  const output = new Float64Array(count);
  if (kernel.isHalfBand) halve(kernel, input, start, output);
  else if (kernel.phases === kernel.up) convolveRows(kernel, input, start, output);
  else convolveBetweenRows(kernel, input, start, output);
  return output;
}

/**
 * Both sides of the filter are the same, and every second coefficient is zero: a quarter of the products is left.
 * Two sums, so that an addition need not wait for the one before.
 */
function halve({ rows }: Kernel, input: Float64Array, start: number, output: Float64Array): void {
  const middle = rows[0] as number;
  for (let n = 0; n < output.length; n++) {
    const at = (start + 2 * n) | 0;
    let sum = middle * (input[at] as number);
    let other = 0;
    for (let k = 1, near = 1; k < rows.length; k += 2, near += 4) {
      const far = near + 2;
      sum += (rows[k] as number) * ((input[at - near] as number) + (input[at + near] as number));
      other += (rows[k + 1] as number) * ((input[at - far] as number) + (input[at + far] as number));
    }
    output[n] = sum + other;
  }
}

/**
 * Every position falls on a row. Outputs that are `up` apart have the same one. What is an index is made an integer here,
 * once, and not at every access: a position is a float, since it can be beyond 31 bits.
 */
function convolveRows(kernel: Kernel, input: Float64Array, start: number, output: Float64Array): void {
  const { up, down, half } = kernel;
  const group = together * up;
  const grouped = output.length - (output.length % group);
  for (let n = 0; n < output.length; n++) {
    const position = start + n * down;
    const whole = Math.floor(position / up);
    const row = ((position - whole * up) * 2 * half) | 0;
    const from = (whole - half + 1) | 0;
    if (n >= grouped) {
      output[n] = dot(kernel, row, input, from);
      continue;
    }
    dotTogether(kernel, row, input, from, output, n);
    // The first period of a group makes the others too.
    if ((n + 1) % group === up) n += group - up;
  }
}

function dot({ rows, half }: Kernel, row: number, input: Float64Array, from: number): number {
  let sum = 0;
  for (let k = 0; k < 2 * half; k++) sum += (rows[row + k] as number) * (input[from + k] as number);
  return sum;
}

/** Makes outputs `n`, `n + up`, `n + 2 * up` and `n + 3 * up`. Unrolled once: this is where the time goes. */
function dotTogether(
  { rows, half, up, down }: Kernel,
  row: number,
  input: Float64Array,
  from: number,
  output: Float64Array,
  n: number,
): void {
  const from1 = from + down;
  const from2 = from1 + down;
  const from3 = from2 + down;
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  for (let k = 0; k < 2 * half; k += 2) {
    const one = rows[row + k] as number;
    const other = rows[row + k + 1] as number;
    sum0 += one * (input[from + k] as number);
    sum1 += one * (input[from1 + k] as number);
    sum2 += one * (input[from2 + k] as number);
    sum3 += one * (input[from3 + k] as number);
    sum0 += other * (input[from + k + 1] as number);
    sum1 += other * (input[from1 + k + 1] as number);
    sum2 += other * (input[from2 + k + 1] as number);
    sum3 += other * (input[from3 + k + 1] as number);
  }
  output[n] = sum0;
  output[n + up] = sum1;
  output[n + 2 * up] = sum2;
  output[n + 3 * up] = sum3;
}

/** Positions fall between rows: a straight line leads from the output of one to that of the next. */
function convolveBetweenRows(kernel: Kernel, input: Float64Array, start: number, output: Float64Array): void {
  const { up, down, half, phases, rows } = kernel;
  const width = 2 * half;
  for (let n = 0; n < output.length; n++) {
    const position = start + n * down;
    const whole = Math.floor(position / up);
    const place = ((position - whole * up) * phases) / up;
    const row = place | 0;
    const from = (whole - half + 1) | 0;
    let here = 0;
    let next = 0;
    for (let k = 0, at = row * width; k < width; k++, at++) {
      const value = input[from + k] as number;
      here += (rows[at] as number) * value;
      next += (rows[at + width] as number) * value;
    }
    output[n] = here + (place - row) * (next - here);
  }
}
