import { ByteQueue } from "./byte-queue.ts";
import { pickInterleaved } from "./channels.ts";
import { frameBytes, type PcmLayout, samplesOf } from "./pcm.ts";
import { Kernels, type ResamplerState, resample, startResampling } from "./resample.ts";

/**
 * Uncompressed sound that comes as it is spoken: bytes in pieces of any size in, mono 16 kHz out, at once. Channels
 * are mixed; the bytes of a frame that is not whole wait for the next piece. What comes out lags by the resampler's half
 * filter, milliseconds, and not at all at 16 kHz.
 */
export class PcmStream {
  readonly #layout: PcmLayout;
  readonly #kernels: Kernels;
  readonly #resampler: ResamplerState;
  readonly #bytes = new ByteQueue();

  /** @param kernels shared by streams, so that each rate's is made once */
  constructor(layout: PcmLayout, kernels: Kernels = new Kernels()) {
    this.#layout = layout;
    this.#kernels = kernels;
    this.#resampler = startResampling(layout.rateHz, kernels);
  }

  /** The samples that these bytes complete. */
  push(bytes: Uint8Array): Float32Array<ArrayBuffer> {
    const size = frameBytes(this.#layout);
    this.#bytes.push(bytes);
    const whole = this.#bytes.length - (this.#bytes.length % size);
    if (whole === 0) return new Float32Array(0);
    const samples = samplesOf(this.#bytes.take(whole), this.#layout);
    const [mono] = pickInterleaved(samples, this.#layout.channels, "mix");
    return resample(this.#resampler, mono, false, this.#kernels);
  }

  /** No more bytes: what the resampler holds. */
  end(): Float32Array<ArrayBuffer> {
    if (this.#resampler.stages.length === 0) return new Float32Array(0);
    return resample(this.#resampler, new Float32Array(0), true, this.#kernels);
  }
}
