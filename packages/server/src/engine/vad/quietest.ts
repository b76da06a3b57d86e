/** Energy is measured in blocks of 8 ms. */
const blockSamples = 128;

/** A pause between words is longer than the closure of a `p` or `t` inside one: 160 ms are looked at as one. */
const pauseBlocks = 20;

/** Inside the pause, so little is looked at: 40 ms. */
const pointBlocks = 5;

/** What is as quiet as the quietest, within 3 dB or below any hearing, is taken for the same pause. */
const samePause = 2;
const inaudiblePower = 1e-9;

/** The best index to cut at: the middle of the quietest pause, of the last one if several are equal. */
export function quietestPoint(samples: Float32Array): number {
  const sums = runningSums(samples);
  const blocks = sums.length - 1;
  if (blocks === 0) return Math.floor(samples.length / 2);
  const [pauseFrom, pauseTo] = quietestStretch(sums, 0, blocks, pauseBlocks);
  const [from, to] = quietestStretch(sums, pauseFrom, pauseTo, pointBlocks);
  return Math.round(((from + to) / 2) * blockSamples);
}

/** Blocks `[from, to)` of the quietest `width` blocks in a range, with all neighbours that are as quiet. */
function quietestStretch(sums: Float64Array, from: number, to: number, width: number): readonly [number, number] {
  const size = Math.min(width, to - from);
  const energy = (block: number): number => (sums[block + size] ?? 0) - (sums[block] ?? 0);
  let best = from;
  for (let block = from; block <= to - size; block += 1) if (energy(block) <= energy(best)) best = block;
  const limit = energy(best) * samePause + inaudiblePower * blockSamples * size;
  let first = best;
  let last = best;
  while (first > from && energy(first - 1) <= limit) first -= 1;
  while (last < to - size && energy(last + 1) <= limit) last += 1;
  return [first, last + size];
}

/** Energy of all samples before each block. */
function runningSums(samples: Float32Array): Float64Array {
  const blocks = Math.floor(samples.length / blockSamples);
  const sums = new Float64Array(blocks + 1);
  let sum = 0;
  for (let block = 0; block < blocks; block += 1) {
    for (const sample of samples.subarray(block * blockSamples, (block + 1) * blockSamples)) sum += sample * sample;
    sums[block + 1] = sum;
  }
  return sums;
}
