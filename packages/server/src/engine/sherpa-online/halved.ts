/** Half the length of the filter, samples: 60 dB below where it stops, with a third of the band for its slope. */
const reach = 23;

const weights = filter();

/**
 * Every other sample of a stream, without what the lower rate cannot hold: a windowed sinc with its edge at a quarter
 * of the rate (Blackman's window; Oppenheim and Schafer, Discrete-Time Signal Processing, 7.5). The library would do it,
 * but it writes three lines to stderr for each stream.
 */
export class Halved {
  /** The last samples of the past, and then silence of the start. */
  #past = new Float32Array(2 * reach);
  /** Samples before the next one that is kept. */
  #skip = 0;

  /** Takes samples in any chunk size; gives those that they complete, `reach` later than they came. */
  push(samples: Float32Array): Float32Array {
    const all = new Float32Array(this.#past.length + samples.length);
    all.set(this.#past);
    all.set(samples, this.#past.length);
    const count = Math.max(0, Math.ceil((samples.length - this.#skip) / 2));
    const halved = new Float32Array(count);
    for (let at = 0; at < count; at++) {
      const from = this.#skip + 2 * at;
      let sum = 0;
      // Counted, not iterated: this is the inner loop of every sample.
      for (let tap = 0; tap <= 2 * reach; tap++) sum += (weights[tap] ?? 0) * (all[from + tap] ?? 0);
      halved[at] = sum;
    }
    this.#skip = this.#skip + 2 * count - samples.length;
    this.#past = all.slice(samples.length);
    return halved;
  }
}

function filter(): Float32Array {
  const taps = Float32Array.from({ length: 2 * reach + 1 }, (_, index) => {
    const place = index - reach;
    const sinc = place === 0 ? 0.5 : Math.sin((Math.PI * place) / 2) / (Math.PI * place);
    const turn = (Math.PI * index) / reach;
    return sinc * (0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn));
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}
