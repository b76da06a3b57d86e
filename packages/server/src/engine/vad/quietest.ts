/** Energy is measured in blocks of 8 ms. */
const blockSamples = 128;

/** A pause between words is longer than the closure of a `p` or `t` inside one: 160 ms are looked at as one. */
const windowBlocks = 20;

/** What is as quiet as the quietest, within 3 dB or below any hearing, belongs to the same pause. */
const samePause = 2;
const inaudible = 1e-9 * blockSamples * windowBlocks;

/** The best index to cut at: the middle of the quietest stretch, of the last one if several are equal. */
export function quietestPoint(samples: Float32Array): number {
  const blocks = Math.floor(samples.length / blockSamples);
  if (blocks === 0) return Math.floor(samples.length / 2);
  const sums = runningSums(samples, blocks);
  const width = Math.min(windowBlocks, blocks);
  const energy = (block: number): number => (sums[block + width] ?? 0) - (sums[block] ?? 0);
  const last = blocks - width;

  let best = 0;
  for (let block = 1; block <= last; block += 1) if (energy(block) <= energy(best)) best = block;
  const limit = energy(best) * samePause + inaudible;
  let first = best;
  let final = best;
  while (first > 0 && energy(first - 1) <= limit) first -= 1;
  while (final < last && energy(final + 1) <= limit) final += 1;
  return Math.round(((first + final + width) / 2) * blockSamples);
}

/** Energy of all samples before each block. */
function runningSums(samples: Float32Array, blocks: number): Float64Array {
  const sums = new Float64Array(blocks + 1);
  let sum = 0;
  for (let block = 0; block < blocks; block += 1) {
    for (const sample of samples.subarray(block * blockSamples, (block + 1) * blockSamples)) sum += sample * sample;
    sums[block + 1] = sum;
  }
  return sums;
}
